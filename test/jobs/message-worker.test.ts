import { setTimeout as pause } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { describe, expect, it } from 'vitest';
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

describe('what finish.lua leaves to BullMQ', () => {
  it.each<[string, (queue: Queue) => Promise<unknown>, object]>([
    ['jobs of a queue with a concurrency', (queue) => queue.setGlobalConcurrency(5), {}],
    ['jobs with deduplication ids', async () => {}, { deduplication: true }],
    ['jobs beside delayed ones that are due', async () => {}, { due: true }],
  ])('%s follow on each other without a wait', async (what, prepare, { deduplication, due }: Kind) => {
    const name = queueName(what);
    const queue = new Queue(name, { connection: store.redis, prefix: PREFIX });
    const connection = store.redis.duplicate({ maxRetriesPerRequest: null });
    await prepare(queue);
    const ids = Array.from({ length: 60 }, (_, i) => `job-${i}`);
    await queue.addBulk(
      ids.map((jobId, i) => ({
        name: 'message',
        data: {},
        opts: {
          jobId,
          ...(deduplication && { deduplication: { id: jobId } }),
          ...(due && i % 2 === 1 && { delay: 3_600_000 }),
        },
      })),
    );
    const seen: string[] = [];
    const worker = new MessageWorker(
      name,
      async ({ id }) => {
        // Each is due once the one before it is processed.
        if (due) await store.redis.zadd(queue.toKey('delayed'), 'XX', 1, `job-${Number(id?.slice(4)) + 1}`);
        await pause(10);
        seen.push(id ?? '');
      },
      {
        ...{ connection, prefix: PREFIX, autorun: false, removeOnComplete: { count: 0 } },
        ...{ concurrency: 10, drainDelay: LONGEST_WAIT_S },
      },
    );
    worker.pickUpWhile(() => true);
    const startedAt = performance.now();
    try {
      worker.run().catch(() => {});
      await eventually('all jobs', () => seen.length === ids.length || undefined);
      expect(performance.now() - startedAt).toBeLessThan(LONGEST_WAIT_S * 1_000);
      expect(seen.toSorted()).toEqual(ids.toSorted());
      await eventually('their ends', async () => (await queue.getActiveCount()) === 0 || undefined);
      expect(await store.redis.keys(queue.toKey('*job-*'))).toEqual([]);
    } finally {
      await worker.close();
      await queue.close();
      connection.disconnect();
    }
  });
});

/** For so long a worker waits that believes there is no job. */
const LONGEST_WAIT_S = 30;

interface Kind {
  deduplication?: true;
  due?: true;
}
