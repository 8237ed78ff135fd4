import { expect, onTestFinished } from 'vitest';
import type { BackgroundReplay } from '../../src/admin/background-replays.ts';
import { type BoardBackend, openBoardBackend } from '../../src/admin/board-backend.ts';
import { runReplays } from '../../src/admin/replay-runner.ts';
import { openSession } from '../../src/admin/session.ts';
import { systemClock } from '../../src/clock.ts';
import { platforms } from '../../src/platforms/registry.ts';
import {
  ENDED_REPLAYS_KEY,
  FORMER_REPLAYS_KEY,
  OPEN_REPLAYS_KEY,
  replayKey,
  replayLeaseKey,
} from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { CHANNEL, type Environment } from '../support/environment.ts';
import { it as base, bury, deadLettersIn, welcome } from './admin-fixture.ts';

interface Backends {
  openBoardBackend: (env: Environment, url?: string) => BoardBackend;
}

const it = base.extend<Backends>({
  openBoardBackend: async ({ openEnvironment: _ }, use) => {
    const backends: BoardBackend[] = [];
    await use((env, redis = env.server.url) => {
      const options = { redis, channels: [] };
      const backend = openBoardBackend(options, { platforms, clock: systemClock });
      backends.push(backend);
      return backend;
    });
    await Promise.all(backends.map((backend) => backend.close()));
  },
});

const ANNA = { via: 'board', name: 'anna' } as const;
const REFUSED = JSON.stringify({ success: false, errors: ['Unknown user: renamed'] });
const PLAYERS = [10, 20, 30, 40];

async function begin(backend: BoardBackend, perSecond: number): Promise<string> {
  const until = await backend.now();
  const scope = { channels: [CHANNEL], reasons: [], since: null, until };
  return await backend.replays.start({ scope, perSecond, by: ANNA, letters: PLAYERS.length });
}

/** Runs what one process would, until it is stopped. */
function run(backend: BoardBackend): { stop(): Promise<void>; errors: unknown[] } {
  const ending = new AbortController();
  const errors: unknown[] = [];
  const running = backend.runReplays(ending.signal, (error) => void errors.push(error));
  return {
    errors,
    async stop() {
      ending.abort();
      await running;
    },
  };
}

const until = (backend: BoardBackend, id: string, holds: (replay: BackgroundReplay) => boolean) =>
  eventually(
    'the replay',
    () => backend.replays.show(id),
    (replay) => replay !== undefined && holds(replay),
  );

it('goes on by itself, is recorded as its user’s, and leaves what died later', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const id = await begin(backend, 100);
  await bury(env, [50]);
  welcome(env, PLAYERS);
  const runner = run(backend);
  const done = await until(backend, id, ({ state }) => state === 'done');
  await runner.stop();

  expect(done).toMatchObject({ replayed: 4, gone: 0, failed: 0, letters: 4, by: ANNA });
  expect(await backend.admin.deadLetters.plan({}, 'purge')).toMatchObject({ letters: 1 });
  const { acts } = await backend.admin.acts();
  expect(acts.map(({ actor, action, count, outcome }) => [actor.name, action, count, outcome])).toEqual([
    ['anna', 'dead.replay', 4, 'done'],
    ['anna', 'dead.replay', 4, 'began'],
  ]);
  expect(await backend.replays.control(id, 'cancel', ANNA)).toBe(false);
  expect(runner.errors).toEqual([]);
});

it('takes those of one error text alone, and is recorded with it', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  env.sandbox.faults.add({ kind: 'answer', body: REFUSED, recipients: ['11'] });
  await env.send(11, { id: 'refused' });
  await env.settled(1);
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const { groups } = await backend.admin.deadLetters.group();
  const { detail } = groups.find(({ example }) => example === 'refused')!;
  const scope = { channels: [CHANNEL], reasons: [], detail, since: null, until: await backend.now() };
  const id = await backend.replays.start({ scope, perSecond: 100, by: ANNA, letters: 1 });
  const runner = run(backend);
  expect(await until(backend, id, ({ state }) => state === 'done')).toMatchObject({ replayed: 1 });
  await runner.stop();
  const { acts } = await backend.admin.acts();
  expect(acts[0]).toMatchObject({ action: 'dead.replay', count: 1, filter: { detail } });
  expect(runner.errors).toEqual([]);
});

it('takes those of one campaign alone, and is recorded with it', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  const list = [{ to: { userId: 80 } }];
  await env.producer.campaign({ id: 'spring', platform: 'kongregate', content: 'Hello' }, list);
  await env.settled(1);
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const campaign = 'spring';
  const scope = { channels: [CHANNEL], reasons: [], campaign, since: null, until: await backend.now() };
  const id = await backend.replays.start({ scope, perSecond: 100, by: ANNA, letters: 1 });
  const runner = run(backend);
  expect(await until(backend, id, ({ state }) => state === 'done')).toMatchObject({ replayed: 1 });
  await runner.stop();
  const { acts } = await backend.admin.acts();
  expect(acts[0]).toMatchObject({ action: 'dead.replay', count: 1, filter: { campaign } });
  expect(runner.errors).toEqual([]);
});

it('goes on without a channel that was forgotten', async ({ openEnvironment, openBoardBackend }) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const scope = { channels: [CHANNEL, 'forgotten'], reasons: [], since: null, until: await backend.now() };
  const id = await backend.replays.start({ scope, perSecond: 100, by: ANNA, letters: PLAYERS.length });
  welcome(env, PLAYERS);
  const runner = run(backend);
  expect(await until(backend, id, ({ state }) => state === 'done')).toMatchObject({ replayed: 4 });
  await runner.stop();
  expect(runner.errors).toEqual([]);
});

it('stands still while it is paused, goes on in another process, and ends once it is cancelled', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const id = await begin(backend, 0.1);
  const first = run(backend);
  await until(backend, id, ({ replayed }) => replayed > 0);
  expect(await backend.replays.control(id, 'pause', ANNA)).toBe(true);
  await eventually(
    'the lease to be given back',
    () => env.redis.exists(replayLeaseKey(id)),
    (held) => held === 0,
  );
  const paused = await backend.replays.show(id);
  expect(paused).toMatchObject({ state: 'paused' });
  await first.stop();

  const other = openBoardBackend(env);
  const second = run(other);
  expect(await other.replays.control(id, 'resume', ANNA)).toBe(true);
  await until(other, id, ({ replayed }) => replayed > paused!.replayed);
  await other.replays.control(id, 'cancel', ANNA);
  await eventually(
    'the lease to be given back',
    () => env.redis.exists(replayLeaseKey(id)),
    (held) => held === 0,
  );
  await second.stop();
  const ended = (await backend.replays.list())[0];
  expect(ended).toMatchObject({ id, state: 'cancelled' });
  expect(ended!.replayed).toBeLessThan(PLAYERS.length);
  const { acts } = await backend.admin.acts();
  expect(acts.map(({ action }) => action).filter((action) => action.startsWith('replay.'))).toEqual([
    'replay.cancel',
    'replay.resume',
    'replay.pause',
  ]);
});

it('is left to the process that has it, until that lets go', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const id = await begin(backend, 100);
  // Of a process that was killed: the lease runs out by itself.
  await env.redis.set(replayLeaseKey(id), 'another', 'PX', 1_200);
  const runner = run(backend);
  await until(backend, id, ({ state }) => state === 'done');
  await runner.stop();
  expect(await backend.replays.show(id)).toMatchObject({ replayed: 4 });
  expect(runner.errors).toEqual([]);
});

it('is left to the process that took it over, by one that finds itself late', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const id = await begin(backend, 0.1);
  const runner = run(backend);
  await until(backend, id, ({ replayed }) => replayed > 0);
  await env.redis.set(replayLeaseKey(id), 'another', 'PX', 600_000);
  await runner.stop();
  expect(await env.redis.get(replayLeaseKey(id))).toBe('another');
  expect(runner.errors).toEqual([]);
});

it('is let go of where an operator stopped it after it was found', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  const backend = openBoardBackend(env);
  const session = openSession({ redis: env.server.url, channels: [] }, { platforms, clock: systemClock });
  onTestFinished(() => session.close());
  for (const order of ['pause', 'cancel'] as const) {
    const id = await begin(backend, 100);
    let calls = 0;
    const runner: Parameters<typeof runReplays>[0] = {
      async run(operation) {
        const answer = await session.run(operation);
        if (calls++ === 0) await backend.replays.control(id, order, ANNA);
        return answer;
      },
      admin: { as: () => expect.unreachable('nothing is to be replayed') },
      onError: (error) => expect.unreachable(String(error)),
    };
    const ending = new AbortController();
    const running = runReplays(runner, ending.signal);
    // It looks once, and ends when it has let go of what it found.
    ending.abort();
    await running;
    expect(calls).toBeGreaterThan(1);
    expect(await env.redis.exists(replayLeaseKey(id))).toBe(0);
  }
});

it('lasts until it ends, however long that takes, and is listed for a week after', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const [done, cancelled] = [await begin(backend, 100), await begin(backend, 100)];
  const lives = async () =>
    await Promise.all(
      [replayKey(done), replayKey(cancelled), OPEN_REPLAYS_KEY].map((key) => env.redis.pttl(key)),
    );
  expect(await lives()).toEqual([-1, -1, -1]);
  await backend.replays.control(cancelled, 'pause', ANNA);
  expect(await lives()).toEqual([-1, -1, -1]);
  await backend.replays.control(cancelled, 'cancel', ANNA);
  const runner = run(backend);
  await until(backend, done, ({ state }) => state === 'done');
  await runner.stop();
  const WEEK_MS = 7 * 24 * 3_600_000;
  for (const life of (await lives()).slice(0, 2)) {
    expect(life).toBeGreaterThan(WEEK_MS - 60_000);
    expect(life).toBeLessThanOrEqual(WEEK_MS);
  }
  expect((await backend.replays.list()).map(({ id }) => id).sort()).toEqual([cancelled, done].sort());
  expect(await env.redis.exists(OPEN_REPLAYS_KEY)).toBe(0);
});

it('is found and carried out, however many began later', async ({ openEnvironment, openBoardBackend }) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const id = await begin(backend, 100);
  for (let later = 0; later < 50; later += 1)
    await backend.replays.control(await begin(backend, 100), 'pause', ANNA);
  expect((await backend.replays.list()).map((each) => each.id)).toContain(id);
  const runner = run(backend);
  await until(backend, id, ({ state }) => state === 'done');
  await runner.stop();
  expect(runner.errors).toEqual([]);
});

it('stays cancelled where somebody resumes it at the same time', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  const backend = openBoardBackend(env);
  const id = await begin(backend, 100);
  const orders = ['cancel', 'resume'] as const;
  const [cancelled] = await Promise.all(orders.map((order) => backend.replays.control(id, order, ANNA)));
  expect(cancelled).toBe(true);
  expect(await backend.replays.show(id)).toMatchObject({ state: 'cancelled' });
});

it('counts also what could not be written down at once', async ({ openEnvironment, openBoardBackend }) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const id = await begin(openBoardBackend(env), 100);
  const mayWrite = (pattern: string) =>
    env.redis.call('ACL', 'SETUSER', 'board', 'on', '>secret', '+@all', 'resetkeys', '%R~*', `~${pattern}`);
  await mayWrite(`herald:{${CHANNEL}}*`);
  await env.redis.call('ACL', 'SETUSER', 'board', '~*:lease', '~*:audit');
  const backend = openBoardBackend(env, env.server.url.replace('//', '//board:secret@'));
  const runner = run(backend);
  await eventually('a report to be refused', () => runner.errors.length > 0);
  await mayWrite('*');
  expect(await until(backend, id, ({ state }) => state === 'done')).toMatchObject({ replayed: 4 });
  await runner.stop();
});

it('is not written down again once its record is gone', async ({ openEnvironment, openBoardBackend }) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backend = openBoardBackend(env);
  const id = await begin(backend, 0.1);
  const runner = run(backend);
  await eventually(
    'the first to be replayed, which is not reported yet',
    () => deadLettersIn(env),
    (count) => count < PLAYERS.length,
  );
  await env.redis.del(replayKey(id));
  await eventually(
    'it to be let go of',
    () => env.redis.exists(replayLeaseKey(id)),
    (held) => held === 0,
  );
  await runner.stop();
  expect(await env.redis.exists(replayKey(id))).toBe(0);
  expect(await backend.replays.list()).toEqual([]);
});

/** As the version before has it: in one list with all others, and for a week from its start. */
async function asBefore({ redis }: Environment, id: string, fields: Record<string, string> = {}) {
  const startedAt = await redis.hget(replayKey(id), 'startedAt');
  await redis.zrem(OPEN_REPLAYS_KEY, id);
  await redis.hset(replayKey(id), { startedAt, ...fields });
  await redis.pexpire(replayKey(id), 600_000);
  await redis.zadd(FORMER_REPLAYS_KEY, startedAt!, id);
}

it('is taken over from the version before, by any number of processes at once', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  await bury(env, PLAYERS);
  const backends = [openBoardBackend(env), openBoardBackend(env)] as const;
  const [backend] = backends;
  const running = await begin(backend, 100);
  const paused = await begin(backend, 100);
  const ended = await begin(backend, 100);
  const cancelled = await begin(backend, 100);
  const lost = await begin(backend, 100);
  const endedAt = await backend.now();
  await asBefore(env, running);
  await asBefore(env, paused, { wanted: 'paused' });
  await asBefore(env, ended, { endedAt: String(endedAt) });
  await asBefore(env, cancelled, { wanted: 'cancelled' });
  await asBefore(env, lost);
  await env.redis.del(replayKey(lost));

  const runners = backends.map(run);
  await until(backend, running, ({ state }) => state === 'done');
  await Promise.all(runners.map((runner) => runner.stop()));
  expect(await backend.replays.show(running)).toMatchObject({ replayed: 4 });
  expect(await env.redis.exists(FORMER_REPLAYS_KEY)).toBe(0);
  expect(await env.redis.zrevrange(OPEN_REPLAYS_KEY, 0, -1)).toEqual([paused]);
  expect(await env.redis.pttl(replayKey(paused))).toBe(-1);
  const { startedAt } = (await backend.replays.show(paused))!;
  expect(await env.redis.zscore(OPEN_REPLAYS_KEY, paused)).toBe(String(startedAt));
  expect((await env.redis.zrevrange(ENDED_REPLAYS_KEY, 0, -1)).sort()).toEqual(
    [running, ended, cancelled].sort(),
  );
  expect(await env.redis.zscore(ENDED_REPLAYS_KEY, ended)).toBe(String(endedAt));
  expect(runners.flatMap(({ errors }) => errors)).toEqual([]);
});

it('is no longer open where a process of the version before ended it', async ({
  openEnvironment,
  openBoardBackend,
}) => {
  const env = await openEnvironment();
  await env.worker();
  const backend = openBoardBackend(env);
  const [done, cancelled] = [await begin(backend, 100), await begin(backend, 100)];
  await env.redis.hset(replayKey(done), 'endedAt', await backend.now());
  await env.redis.hset(replayKey(cancelled), 'wanted', 'cancelled');
  const runner = run(backend);
  await eventually(
    'both to be listed as ended',
    () => env.redis.zrevrange(ENDED_REPLAYS_KEY, 0, -1),
    (ids) => ids.length === 2,
  );
  await runner.stop();
  expect(await env.redis.exists(OPEN_REPLAYS_KEY)).toBe(0);
  for (const id of [done, cancelled]) expect(await env.redis.pttl(replayKey(id))).toBeGreaterThan(0);
});
