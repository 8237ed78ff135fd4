import { describe, expect } from 'vitest';
import { replayLetters } from '../../src/dead-letters/replay.ts';
import { replayDeadLetters } from '../../src/dead-letters/replay-dead-letters.ts';
import { planLetters } from '../../src/dead-letters/selection.ts';
import { ledgerBase } from '../../src/jobs/queues.ts';
import { UnknownChannelError } from '../../src/producer/errors.ts';
import { bury, it, lettersIn, REPLAYED, replayAll, welcome } from '../admin/desk.ts';
import { eventually } from '../support/eventually.ts';
import { CHANNEL, type Scene } from '../support/scene.ts';

const BASE = ledgerBase(CHANNEL);

const runs = async (scene: Scene, id: string): Promise<string[]> =>
  (await scene.receipts())
    .filter((receipt) => receipt.id === id)
    .map(({ run, state, reason }) => `${run} ${state}/${reason}`);

describe.concurrent('a replay', () => {
  it('sends letters as a new run, oldest first, and takes them off the list', async ({
    openScene,
    openDesk,
  }) => {
    const scene = await openScene();
    const worker = await scene.worker({ channel: { concurrency: 1 } });
    const ids = await bury(scene, [30, 10, 20]);
    welcome(scene, [10, 20, 30]);
    const replayed: string[] = [];
    const options = { onReplayed: (channel: string) => replayed.push(channel) };
    expect(await replayAll(await openDesk(scene), {}, options)).toEqual({ ...REPLAYED, replayed: 3 });
    expect(await scene.agreed(6, [worker])).toEqual({ 'dead/bad_recipient': 3, 'delivered/sent': 3 });
    expect(replayed).toEqual([CHANNEL, CHANNEL, CHANNEL]);
    const delivered = (await scene.receipts()).filter(({ state }) => state === 'delivered');
    expect(delivered.map(({ id, run, attempts }) => [id, run, attempts])).toEqual(
      ids.map((id) => [id, 2, 1]),
    );
    expect(await scene.queue.getFailedCount()).toBe(0);
    expect(await scene.redis.keys(`${BASE}:letters*`)).toEqual([]);
  });

  it('leaves letters alone that die again meanwhile', async ({ openScene, openDesk }) => {
    const scene = await openScene();
    await scene.worker();
    const ids = await bury(scene, [10, 20, 30, 40]);
    const desk = await openDesk(scene);
    // Slow enough for each to die again before the next one goes.
    const pause = async (): Promise<void> => {
      await eventually(
        'all to be dead',
        () => lettersIn(scene),
        (count) => count === 4,
      );
    };
    const result = await replayAll(desk, {}, { perSecond: 1, pause });
    expect(result).toEqual({ ...REPLAYED, replayed: 4 });
    await scene.settled(8);
    expect(scene.sandbox.journal.report().calls).toBe(8);
    expect(await runs(scene, ids[0]!)).toEqual(['1 dead/bad_recipient', '2 dead/bad_recipient']);
  });

  it('by two operators at once sends each letter once', async ({ openScene, openDesk }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    const userIds = Array.from({ length: 60 }, (_, i) => (i + 1) * 10);
    for (const userId of userIds) await scene.send(userId);
    await scene.settled(60);
    welcome(scene, userIds);
    const desks = [await openDesk(scene), await openDesk(scene)];
    const [one, two] = await Promise.all(desks.map((desk) => replayAll(desk)));
    expect(one!.replayed + two!.replayed).toBe(60);
    expect(one!.failed + two!.failed).toBe(0);
    expect(await scene.agreed(120, [worker])).toEqual({ 'dead/bad_recipient': 60, 'delivered/sent': 60 });
    expect(scene.sandbox.journal.report().acceptedMoreThanOnce).toBe(0);
  });

  it('leaves a letter alone that somebody else replayed and that died again', async ({
    openScene,
    openDesk,
  }) => {
    const scene = await openScene();
    await scene.worker();
    await bury(scene, [10]);
    const desk = await openDesk(scene);
    const seen = await planLetters(desk, { ids: ['to-10'] });
    expect(await replayAll(desk)).toEqual({ ...REPLAYED, replayed: 1 });
    await scene.settled(2);
    expect(await replayLetters(desk, seen.read())).toEqual({ ...REPLAYED, alreadyReplayed: 1 });
    expect(scene.sandbox.journal.report().calls).toBe(2);
    expect((await planLetters(desk, {})).letters).toBe(1);
  });

  it('leaves the first of its jobs alone that comes back: it meets the run of the second', async ({
    openScene,
    openDesk,
  }) => {
    const scene = await openScene();
    const victim = scene.spawn({ dieAt: 'settled' });
    const id = await scene.send(10, { id: 'to-10' });
    await victim.ended();
    // It is dead, and its job lies where the worker died.
    expect([await lettersIn(scene), await scene.queue.getActiveCount()]).toEqual([1, 1]);
    welcome(scene, [10]);
    const desk = await openDesk(scene);
    expect(await replayAll(desk)).toEqual({ ...REPLAYED, replayed: 1 });
    await scene.worker();
    expect(await scene.settled(2, { withinMs: 40_000 })).toEqual({
      'dead/bad_recipient': 1,
      'delivered/sent': 1,
    });
    expect(await runs(scene, id)).toEqual(['1 dead/bad_recipient', '2 delivered/sent']);
    expect(scene.sandbox.journal.report()).toMatchObject({ accepted: 1 });
  }, 60_000);

  it('can be interrupted, and the next one finds the rest', async ({ openScene, openDesk }) => {
    const scene = await openScene();
    await scene.worker();
    await bury(scene, [10, 20, 30]);
    welcome(scene, [10, 20, 30]);
    const desk = await openDesk(scene);
    const stop = new AbortController();
    const options = { perSecond: 1, signal: stop.signal, onStep: () => stop.abort() };
    expect(await replayAll(desk, {}, options)).toEqual({ ...REPLAYED, replayed: 1, interrupted: true });
    expect(await replayAll(desk)).toEqual({ ...REPLAYED, replayed: 2 });
    expect(await scene.settled(6)).toEqual({ 'dead/bad_recipient': 3, 'delivered/sent': 3 });
  });

  it('takes the letters that are named, and of the others only so many', async ({ openScene, openDesk }) => {
    const scene = await openScene();
    await scene.worker();
    const ids = await bury(scene, [10, 20, 30, 40]);
    welcome(scene, [10, 20, 30, 40]);
    const desk = await openDesk(scene);
    expect(await replayAll(desk, { ids: [ids[3]!, 'never-heard-of'] })).toMatchObject({ replayed: 1 });
    await scene.settled(5);
    expect(await replayAll(desk, { limit: 2 })).toMatchObject({ replayed: 2 });
    await scene.settled(7);
    expect(await runs(scene, ids[2]!)).toEqual(['1 dead/bad_recipient']);
    expect(await replayAll(desk, { reasons: ['exhausted'] })).toEqual(REPLAYED);
  });

  it('gives letters that could not be read another chance, JSON or not', async ({ openScene, openDesk }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    const jobId = await scene.addForeign({ v: 1, id: 'odd', platform: 'kongregate' }, { delay: 600_000 });
    await scene.redis.hset(scene.queue.toKey(jobId), 'data', '{"v":1,');
    await scene.redis.zadd(scene.queue.toKey('delayed'), 0, jobId);
    await scene.addForeign('garbage');
    expect(await scene.agreed(2, [worker])).toEqual({ 'dead/invalid_message': 2 });
    expect(await replayAll(await openDesk(scene))).toEqual({ ...REPLAYED, replayed: 2 });
    expect(await scene.agreed(4, [worker])).toEqual({ 'dead/invalid_message': 4 });
    expect((await scene.receipts()).map(({ run }) => run).sort()).toEqual([1, 1, 2, 2]);
  });
});

describe.concurrent('replayDeadLetters', () => {
  it('skips letters that may have arrived unless they are asked for', async ({ openScene }) => {
    const scene = await openScene({ channel: { onUnknown: 'keep' } });
    await scene.worker();
    scene.sandbox.faults.add({ kind: 'reset', accepted: true, recipients: ['11'] });
    const id = await scene.send(11);
    expect(await scene.settled(1)).toEqual({ 'dead/unconfirmed': 1 });
    const { redis } = scene;
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
    expect(await scene.settled(2)).toEqual({ 'dead/unconfirmed': 1, 'suppressed/quota': 1 });
    expect(scene.sandbox.journal.report().calls).toBe(1);
    expect(await redis.ping()).toBe('PONG');
  });

  it('takes the names of channels that workers have announced, and no others', async ({ openScene }) => {
    const scene = await openScene();
    await scene.worker();
    await bury(scene, [10]);
    const { redis } = scene;
    await expect(replayDeadLetters({ redis, channels: ['kongregat'] })).rejects.toThrow(UnknownChannelError);
    expect(await replayDeadLetters({ redis, channels: [CHANNEL] })).toMatchObject({ replayed: 1 });
  });

  it('says that Redis is away', async ({ expect }) => {
    await expect(replayDeadLetters({ redis: 'redis://127.0.0.1:1' })).rejects.toThrow(
      /^Redis at 127\.0\.0\.1:1 did not answer: .*ECONNREFUSED/,
    );
  });
});
