import { describe, expect } from 'vitest';
import { replayDeadLetters } from '../../src/app.ts';
import { replaySelected } from '../../src/dead-letters/replay.ts';
import { selectDeadLetters } from '../../src/dead-letters/selection.ts';
import { UnknownChannelError } from '../../src/producer/errors.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { bury, deadLettersIn, it, REPLAYED, replayAll, welcome } from '../admin/admin-fixture.ts';
import { CHANNEL, type Environment } from '../support/environment.ts';

const BASE = channelKeys(CHANNEL).ledger;

const runs = async (env: Environment, id: string): Promise<string[]> =>
  (await env.receipts())
    .filter((receipt) => receipt.id === id)
    .map(({ run, state, reason }) => `${run} ${state}/${reason}`);

describe.concurrent('a replay', () => {
  it('sends letters as a new run, oldest first, and takes them off the list', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker({ channel: { concurrency: 1 } });
    const ids = await bury(env, [30, 10, 20]);
    welcome(env, [10, 20, 30]);
    const replayed: string[] = [];
    const options = { onReplayed: (channel: string) => replayed.push(channel) };
    expect(await replayAll(await openInstallation(env), {}, options)).toEqual({ ...REPLAYED, replayed: 3 });
    expect(await env.agreed(6, [worker])).toEqual({ 'dead/bad_recipient': 3, 'delivered/sent': 3 });
    expect(replayed).toEqual([CHANNEL, CHANNEL, CHANNEL]);
    const delivered = (await env.receipts()).filter(({ state }) => state === 'delivered');
    expect(delivered.map(({ id, run, attempts }) => [id, run, attempts])).toEqual(
      ids.map((id) => [id, 2, 1]),
    );
    expect(await env.queue.getFailedCount()).toBe(0);
    expect(await env.redis.keys(`${BASE}:letters*`)).toEqual([]);
  });

  it('leaves letters alone that die again meanwhile', async ({ openEnvironment, openInstallation }) => {
    const env = await openEnvironment();
    await env.worker();
    const ids = await bury(env, [10, 20, 30, 40]);
    const installation = await openInstallation(env);
    // Slow enough for each to die again before the next one goes.
    const pause = async (): Promise<void> => {
      await eventually(
        'all to be dead',
        () => deadLettersIn(env),
        (count) => count === 4,
      );
    };
    const result = await replayAll(installation, {}, { perSecond: 1, pause });
    expect(result).toEqual({ ...REPLAYED, replayed: 4 });
    await env.settled(8);
    expect(env.sandbox.journal.report().calls).toBe(8);
    expect(await runs(env, ids[0]!)).toEqual(['1 dead/bad_recipient', '2 dead/bad_recipient']);
  });

  it('by two operators at once sends each letter once', async ({ openEnvironment, openInstallation }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    const userIds = Array.from({ length: 60 }, (_, i) => (i + 1) * 10);
    for (const userId of userIds) await env.send(userId);
    await env.settled(60);
    welcome(env, userIds);
    const installations = [await openInstallation(env), await openInstallation(env)];
    const [one, two] = await Promise.all(installations.map((installation) => replayAll(installation)));
    expect(one!.replayed + two!.replayed).toBe(60);
    expect(one!.failed + two!.failed).toBe(0);
    expect(await env.agreed(120, [worker])).toEqual({ 'dead/bad_recipient': 60, 'delivered/sent': 60 });
    expect(env.sandbox.journal.report().acceptedMoreThanOnce).toBe(0);
  });

  it('leaves a letter alone that somebody else replayed and that died again', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    await bury(env, [10]);
    const installation = await openInstallation(env);
    const seen = await selectDeadLetters(installation, { ids: ['to-10'] });
    expect(await replayAll(installation)).toEqual({ ...REPLAYED, replayed: 1 });
    await env.settled(2);
    expect(await replaySelected(installation, seen.read())).toEqual({ ...REPLAYED, alreadyReplayed: 1 });
    expect(env.sandbox.journal.report().calls).toBe(2);
    expect((await selectDeadLetters(installation, {})).letters).toBe(1);
  });

  it('leaves the first of its jobs alone that comes back: it meets the run of the second', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    const victim = env.spawn({ failpoint: { at: 'ended', does: 'die' } });
    const id = await env.send(10, { id: 'to-10' });
    await victim.ended();
    // It is dead, and its job lies where the worker died.
    expect([await deadLettersIn(env), await env.queue.getActiveCount()]).toEqual([1, 1]);
    welcome(env, [10]);
    const installation = await openInstallation(env);
    expect(await replayAll(installation)).toEqual({ ...REPLAYED, replayed: 1 });
    await env.worker();
    expect(await env.settled(2, { withinMs: 40_000 })).toEqual({
      'dead/bad_recipient': 1,
      'delivered/sent': 1,
    });
    expect(await runs(env, id)).toEqual(['1 dead/bad_recipient', '2 delivered/sent']);
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 1 });
  }, 60_000);

  it('can be interrupted, and the next one finds the rest', async ({ openEnvironment, openInstallation }) => {
    const env = await openEnvironment();
    await env.worker();
    await bury(env, [10, 20, 30]);
    welcome(env, [10, 20, 30]);
    const installation = await openInstallation(env);
    const stop = new AbortController();
    const options = { perSecond: 1, signal: stop.signal, onStep: () => stop.abort() };
    expect(await replayAll(installation, {}, options)).toEqual({
      ...REPLAYED,
      replayed: 1,
      interrupted: true,
    });
    expect(await replayAll(installation)).toEqual({ ...REPLAYED, replayed: 2 });
    expect(await env.settled(6)).toEqual({ 'dead/bad_recipient': 3, 'delivered/sent': 3 });
  });

  it('takes the letters that are named, and of the others only so many', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    const ids = await bury(env, [10, 20, 30, 40]);
    welcome(env, [10, 20, 30, 40]);
    const installation = await openInstallation(env);
    expect(await replayAll(installation, { ids: [ids[3]!, 'never-heard-of'] })).toMatchObject({
      replayed: 1,
    });
    await env.settled(5);
    expect(await replayAll(installation, { limit: 2 })).toMatchObject({ replayed: 2 });
    await env.settled(7);
    expect(await runs(env, ids[2]!)).toEqual(['1 dead/bad_recipient']);
    expect(await replayAll(installation, { reasons: ['exhausted'] })).toEqual(REPLAYED);
  });

  it('gives letters that could not be read another chance, JSON or not', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    const jobId = await env.addForeign({ v: 1, id: 'odd', platform: 'kongregate' }, { delay: 600_000 });
    await env.redis.hset(env.queue.toKey(jobId), 'data', '{"v":1,');
    await env.redis.zadd(env.queue.toKey('delayed'), 0, jobId);
    await env.addForeign('garbage');
    expect(await env.agreed(2, [worker])).toEqual({ 'dead/invalid_message': 2 });
    expect(await replayAll(await openInstallation(env))).toEqual({ ...REPLAYED, replayed: 2 });
    expect(await env.agreed(4, [worker])).toEqual({ 'dead/invalid_message': 4 });
    expect((await env.receipts()).map(({ run }) => run).sort()).toEqual([1, 1, 2, 2]);
  });
});

describe.concurrent('replayDeadLetters', () => {
  it('skips letters that may have arrived unless they are asked for', async ({ openEnvironment }) => {
    const env = await openEnvironment({ channel: { onUnknown: 'keep' } });
    await env.worker();
    env.sandbox.faults.add({ kind: 'reset', accepted: true, recipients: ['11'] });
    const id = await env.send(11);
    expect(await env.settled(1)).toEqual({ 'dead/unconfirmed': 1 });
    const { redis } = env;
    expect(await replayDeadLetters({ redis })).toEqual({ ...REPLAYED, unknownIds: [] });
    expect(await replayDeadLetters({ redis, ids: [id, 'nobody'] })).toEqual({
      ...REPLAYED,
      unknownIds: ['nobody'],
    });
    const channels: string[] = [];
    const onReplayed = (channel: string): number => channels.push(channel);
    const asked = await replayDeadLetters({ redis, reasons: ['unconfirmed'], onReplayed });
    expect([asked.replayed, channels]).toEqual([1, [CHANNEL]]);
    // Its own doubtful send holds the slot until the window ends.
    expect(await env.settled(2)).toEqual({ 'dead/unconfirmed': 1, 'suppressed/quota': 1 });
    expect(env.sandbox.journal.report().calls).toBe(1);
    expect(await redis.ping()).toBe('PONG');
  });

  it('takes the names of channels that workers have announced, and no others', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    await bury(env, [10]);
    const { redis } = env;
    await expect(replayDeadLetters({ redis, channels: ['kongregat'] })).rejects.toThrow(UnknownChannelError);
    expect(await replayDeadLetters({ redis, channels: [CHANNEL] })).toMatchObject({ replayed: 1 });
  });

  it('says that Redis is away', async ({ expect }) => {
    await expect(replayDeadLetters({ redis: 'redis://127.0.0.1:1' })).rejects.toThrow(
      /^Redis at 127\.0\.0\.1:1 did not answer: .*ECONNREFUSED/,
    );
  });
});
