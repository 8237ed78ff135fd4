import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { pollReceipts } from '../../src/api/receipt-poll.ts';
import { type Follow, type FollowedReceipt, followOn } from '../../src/receipts/follow.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { startRedis } from '../../src/sandbox/redis-server.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';

const poll = (follow: Follow, limit: number) =>
  pollReceipts({
    ...{ follow, channels: ['kongregate'], from: 'start', waitMs: 0, limit },
    signal: new AbortController().signal,
  });

it('answers with what is there though it waits for nothing, however far Redis is', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const proxy = await openFaultyProxy(Number(new URL(server.url).port));
  onTestFinished(() => proxy.close());
  const redis = new Redis(server.url);
  onTestFinished(() => redis.disconnect());
  const follow = followOn(`redis://127.0.0.1:${proxy.port}`);
  proxy.delay(20, 600_000);
  expect((await poll(follow, 10)).receipts).toEqual([]);
  const fields = { v: 1, run: 1, state: 'delivered', reason: 'sent', at: 1_767_225_600_000, attempts: 1 };
  for (const id of ['a', 'b']) {
    const flat = Object.entries({ ...fields, id }).flatMap(([name, value]) => [name, String(value)]);
    await redis.xadd(channelKeys('kongregate').receipts, '*', ...flat);
  }
  expect((await poll(follow, 10)).receipts).toMatchObject([{ id: 'a' }, { id: 'b' }]);
});

it('does not wait for one more after each of a trickle', async () => {
  const receipt: FollowedReceipt = {
    ...{ channel: 'kongregate', id: 'a', run: 1, state: 'delivered', reason: 'sent', at: 1, attempts: 1 },
    ...{ v: 1, entry: '1-0', cursor: 'kongregate=1-0', gap: false, missing: null },
  };
  async function* trickle({ onStart, signal }: Parameters<Follow>[0]) {
    onStart?.('kongregate=0-0');
    while (!signal?.aborted) {
      yield receipt;
      await pause(5);
    }
  }
  const limit = 1_000;
  expect((await poll(trickle, limit)).receipts.length).toBeLessThan(limit);
});
