import { elapse, eventually } from '../../testing/eventually.ts';
import type { Script } from './acts.ts';
import type { Scene } from './scene.ts';

const QUIET_MS = 15_000;
const OUTAGE_MS = 60_000;
const LETTERS = 500;
const RATE = 50;

const quiet: Script = {
  title: 'A quiet quarter of a minute',
  async play({ say, panels, command }, scene) {
    scene.load(true);
    await elapse(QUIET_MS);
    await command(['status']);
    await panels('Workers', 'Messages by state', 'Requests by outcome');
    say('No alert fires.');
  },
};

const outage: Script = {
  title: 'Discourse is down for a minute',
  async play({ say, panels, command, fires, ends }, scene) {
    const { sandbox } = scene.env;
    say('Discourse answers every request with 503.');
    sandbox.faults.add(
      { kind: 'server_error', platform: 'discourse' },
      { kind: 'server_error', platform: 'discourse', of: 'lookup' },
    );
    const over = elapse(OUTAGE_MS);
    await fires('HeraldBreakerOpen');
    const id = 'drill-1';
    await scene.send([{ platform: 'discourse', id, to: { usernames: ['ann'] }, title: 'Hello' }]);
    await command(['status']);
    await command(['explain', id, '--channel', 'discourse']);
    await panels('Breaker', 'Oldest message by state', 'Waiting, by cause', 'Share without an answer');
    await over;
    say('The minute is over: Discourse answers again.');
    sandbox.faults.clear();
    await ends('HeraldBreakerOpen');
    await drained('discourse', scene);
    say('All that waited for Discourse has been delivered.');
    await command(['explain', id, '--channel', 'discourse']);
  },
};

const credentials: Script = {
  title: 'The key for Zulip is revoked, and restored',
  async play({ say, panels, command, fires, ends }, scene) {
    const { sandbox } = scene.env;
    say('Zulip refuses the key.');
    sandbox.zulip.setCredentials('nobody@example.com:none');
    await fires('HeraldCredentialsRefused');
    await command(['status']);
    await panels('Stopped', 'Messages by state');
    say('The key is restored on the platform. The channel stays stopped until a person says so.');
    sandbox.zulip.setCredentials('bot@example.com:sandbox-key');
    await command(['channel', 'resume', 'zulip']);
    await ends('HeraldCredentialsRefused');
    await drained('zulip', scene);
    say('No message died of it, and all that waited has been delivered.');
  },
};

const letters: Script = {
  title: `${LETTERS} messages die, and are replayed at ${RATE} a second`,
  async play({ say, panels, command, fires }, scene) {
    const { sandbox } = scene.env;
    scene.load(false);
    await drained('usercom', scene);
    say('User.com refuses the content of every message, by a mistake of its own.');
    sandbox.faults.add({ kind: 'answer', platform: 'usercom', status: 400, body: REFUSAL });
    await scene.send(people(LETTERS));
    await fires('HeraldDeadLetters');
    await eventually(
      'all to have died',
      async () => await deadLetters('usercom', scene),
      (count) => count >= LETTERS,
      {
        everyMs: 1_000,
      },
    );
    await command(['dead', 'list', '--group']);
    await panels('Kept, by reason', 'Inflow, by reason');
    say('User.com has mended its mistake. First the dry run:');
    sandbox.faults.clear();
    await command(['dead', 'replay', '--channel', 'usercom', '--reason', 'bad_request']);
    say('And then in earnest:');
    const startedAt = performance.now();
    await command([
      ...['dead', 'replay', '--channel', 'usercom', '--reason', 'bad_request'],
      ...['--rate', `${RATE}/s`, '--yes'],
    ]);
    const seconds = (performance.now() - startedAt) / 1_000;
    say(`That took ${seconds.toFixed(1)} s: ${(LETTERS / seconds).toFixed(0)} a second.`);
    await drained('usercom', scene);
    await panels('Outflow', 'Kept, by reason');
    await command(['dead', 'list', '--group']);
  },
};

const REFUSAL = JSON.stringify({ content: ['This field is not valid.'] });

export const scripts: readonly Script[] = [quiet, outage, credentials, letters];

const queueOf = async (channel: string, { admin }: Scene) =>
  (await admin.status({ channels: [channel] }))[0]?.queue;

/** Waits until nothing of the channel is on its way. */
async function drained(channel: string, scene: Scene): Promise<void> {
  await eventually(
    `${channel} to be empty`,
    () => queueOf(channel, scene),
    (queue) =>
      queue !== undefined &&
      Object.entries(queue).every(([state, count]) => state === 'dead' || count < AT_WORK),
    { withinMs: 240_000, everyMs: 500 },
  );
}

/** The application goes on sending. */
const AT_WORK = 5;

const deadLetters = async (channel: string, scene: Scene): Promise<number> =>
  (await queueOf(channel, scene))?.dead ?? 0;

function* people(count: number) {
  for (let i = 0; i < count; i++)
    yield { platform: 'usercom' as const, id: `offer-${i}`, to: { userId: 1_000_000 + i } };
}
