import { Redis } from 'ioredis';
import type { ContenderName } from '../contenders/index.ts';
import { playBytes, recordBytes, slotBytes } from '../ledger-fill.ts';
import { withStore } from '../stores.ts';
import { enqueue } from './delivery.ts';
import type { Row, Table } from './table.ts';

/** With fewer messages the ledger's tables say little, since their buckets are not split yet. */
const LEDGER_ENTRIES = 10_000;

const queued = (contender: ContenderName, whose: string): Row => ({
  name: `bytes-${contender}`,
  title: `a waiting message, ${whose}`,
  measure: async ({ messages }) =>
    await withStore('redis', async (store) => {
      // What a queue has once is there before.
      await enqueue(contender, { url: store.url, way: 'all', count: 1 });
      const before = await store.usedBytes();
      await enqueue(contender, { url: store.url, way: 'all', count: messages, first: 1 });
      return { bytes: ((await store.usedBytes()) - before) / messages };
    }),
});

const ledger = (
  name: string,
  title: string,
  bytesOf: (redis: Redis, count: number) => Promise<number>,
): Row => ({
  name: `bytes-${name}`,
  title,
  measure: async ({ messages }) =>
    await withStore('redis', async ({ url }) => {
      const redis = new Redis(url);
      try {
        return { bytes: await bytesOf(redis, Math.max(messages, LEDGER_ENTRIES)) };
      } finally {
        redis.disconnect();
      }
    }),
});

/** What Redis holds, by the growth of `used_memory`. */
export const bytes: Table = {
  name: 'bytes',
  title: 'Redis bytes',
  columns: [{ name: 'bytes', title: 'bytes', digits: 1 }],
  rows: [
    queued('bullmq', 'BullMQ'),
    queued('single', 'Herald, one job a message'),
    queued('bulk', 'Herald, jobs of many messages'),
    queued('campaign', 'Herald, a recipient of a campaign'),
    queued('bee-queue', 'bee-queue'),
    ledger('slot', 'a settled slot', slotBytes),
    ledger('play', 'a play', playBytes),
    ledger(
      'record',
      'a final message record',
      async (redis, count) => (await recordBytes(redis, count)).final,
    ),
  ],
};
