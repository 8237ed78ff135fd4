import { describe, expect } from 'vitest';
import { DEAD_REASONS } from '../../src/outcome.ts';
import { eventually } from '../support/eventually.ts';
import { it, type Scene } from '../support/scene.ts';

const SWEPT_WITHIN_MS = 20_000;

/** BullMQ fails a job without a word to the processor, as it does with one that stalled too often. */
async function giveUp(scene: Scene): Promise<string> {
  const worker = await scene.takeOver();
  const job = await worker.getNextJob('token');
  await job?.moveToFailed(new Error('job stalled more than allowable limit'), 'token', false);
  await worker.close();
  return job?.id ?? '';
}

async function listed(scene: Scene): Promise<Record<string, string[]>> {
  const lists = await Promise.all(
    DEAD_REASONS.map(async (reason) => [
      reason,
      await scene.redis.zrange(`herald:{kongregate}:ledger:dead:${reason}`, '0', '-1'),
    ]),
  );
  return Object.fromEntries(lists.filter(([, ids]) => ids?.length)) as Record<string, string[]>;
}

describe.concurrent('a job that BullMQ gave up', () => {
  it('is settled as stalled, once, by one of two workers', async ({ openScene }) => {
    const scene = await openScene();
    const id = await scene.send(11, { meta: { campaign: 'autumn' } });
    const jobId = await giveUp(scene);
    expect(await scene.receipts()).toEqual([]);
    const workers = [await scene.worker(), await scene.worker()];
    expect(await scene.agreed(1, workers, { withinMs: SWEPT_WITHIN_MS })).toEqual({ 'dead/stalled': 1 });
    expect(await scene.receipts()).toMatchObject([
      { id, state: 'dead', reason: 'stalled', meta: { campaign: 'autumn' } },
    ]);
    expect(await listed(scene)).toEqual({ stalled: [jobId] });
    expect(scene.sandbox.journal.report().calls).toBe(0);
    // The slot was never taken: the player's next message is delivered.
    await scene.send(11);
    expect(await scene.agreed(2, workers)).toEqual({ 'dead/stalled': 1, 'delivered/sent': 1 });
  });

  it('is settled as invalid where it cannot be read', async ({ openScene }) => {
    const scene = await openScene();
    await scene.addForeign('garbage');
    const jobId = await giveUp(scene);
    const worker = await scene.worker();
    expect(await scene.agreed(1, [worker], { withinMs: SWEPT_WITHIN_MS })).toEqual({
      'dead/invalid_message': 1,
    });
    expect(await listed(scene)).toEqual({ invalid_message: [jobId] });
  });

  it('is settled as invalid where it is not even JSON', async ({ openScene }) => {
    const scene = await openScene();
    const key = 'herald:{kongregate}:broken';
    await scene.redis.hset(key, { name: 'message', data: '{"v":1,', opts: '{}', timestamp: Date.now() });
    await scene.redis.zadd('herald:{kongregate}:failed', Date.now(), 'broken');
    const worker = await scene.worker();
    expect(await scene.agreed(1, [worker], { withinMs: SWEPT_WITHIN_MS })).toEqual({
      'dead/invalid_message': 1,
    });
    expect(await listed(scene)).toEqual({ invalid_message: ['broken'] });
  });

  it('is removed where its message was delivered', async ({ openScene }) => {
    const scene = await openScene();
    await scene.send(11);
    const victim = scene.spawn({ dieAt: 'settled' });
    await victim.ended();
    const [jobId = ''] = await scene.redis.lrange('herald:{kongregate}:active', 0, -1);
    await scene.redis
      .multi()
      .lrem('herald:{kongregate}:active', 0, jobId)
      .zadd('herald:{kongregate}:failed', `${Date.now()}`, jobId)
      .del(`herald:{kongregate}:${jobId}:lock`)
      .exec();
    const worker = await scene.worker();
    await eventually(
      'the job to go',
      () => scene.queue.getFailedCount(),
      (count) => count === 0,
      {
        withinMs: SWEPT_WITHIN_MS,
      },
    );
    expect(await scene.settled(1)).toEqual({ 'delivered/sent': 1 });
    expect(scene.sandbox.journal.report().calls).toBe(1);
    expect(await worker.metrics.render()).toContain('state="delivered",reason="sent"} 0');
  });
});
