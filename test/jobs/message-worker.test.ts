import { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { MessageWorker } from '../../src/jobs/message-worker.ts';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { useStore } from '../ledger/harness.ts';

const store = useStore();

it('processes a job beyond its concurrency before it picks up another', async () => {
  const [concurrency, beyond] = [2, 8];
  const name = queueName('beyond');
  const queue = new Queue(name, { connection: store.redis, prefix: PREFIX });
  const connection = store.redis.duplicate({ maxRetriesPerRequest: null });
  await queue.addBulk(Array.from({ length: 2 * beyond }, () => ({ name: 'message', data: {} })));
  /** How many jobs were picked up when each began. */
  const pickedUp: number[] = [];
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let calls = 0;
  const worker = new MessageWorker(
    name,
    async () => {
      pickedUp.push(calls);
      await ended;
    },
    { connection, prefix: PREFIX, autorun: false, concurrency },
  );
  worker.onPickup = () => {
    calls += 1;
  };
  worker.holdBeyond(() => beyond);
  worker.pickUpWhile(() => true);
  try {
    worker.run().catch(() => {});
    await eventually('all that it may hold', () => pickedUp.length === concurrency + beyond || undefined);
    expect(await queue.getActiveCount()).toBe(concurrency + beyond);
    for (const [before, picked] of pickedUp.entries())
      expect(picked).toBeLessThanOrEqual(Math.max(before, concurrency) + 1);
  } finally {
    end();
    await worker.close();
    await queue.close();
    connection.disconnect();
  }
});
