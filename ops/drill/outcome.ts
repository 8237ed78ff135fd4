import { eventually } from '../../testing/eventually.ts';
import type { Scene } from './scene.ts';

const CHANNELS = ['kongregate', 'zulip', 'discourse', 'usercom'];

/** Whether every message that was sent has ended, and what was delivered arrived once, by the journal of the platforms. */
export async function checkPromise({ env, sent }: Scene): Promise<{ text: string; kept: boolean }> {
  const receipts = await eventually(
    'every message to have ended',
    async () => (await Promise.all(CHANNELS.map((channel) => env.receipts(channel)))).flat(),
    (all) => new Set(all.map(({ id }) => id)).size === sent(),
    { everyMs: 500 },
  );
  const ended = new Map(receipts.map(({ id, state, reason }) => [id, `${state}/${reason}`]));
  const ends = new Map<string, number>();
  for (const end of ended.values()) ends.set(end, (ends.get(end) ?? 0) + 1);
  const people = CHANNELS.flatMap((platform) => [...env.sandbox.journal.recipients(platform).values()]);
  const arrived = people.reduce((sum, { accepted }) => sum + accepted, 0);
  const twice = people.filter(({ accepted }) => accepted > 1).length;
  const delivered = receipts.filter(({ state }) => state === 'delivered').length;
  const lines = [
    `${sent()} messages were sent, each to a person of its own, of whom the platforms do not know some. They ended as:`,
    '',
    ...[...ends].sort().map(([end, count]) => `- ${end}: ${count}`),
    '',
    `${arrived} arrived by the journal of the platforms, and ${twice} of the people got one twice.`,
  ];
  return { text: lines.join('\n'), kept: ended.size === sent() && arrived === delivered && twice === 0 };
}
