import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { announceChannels } from '../../src/channels/registry.ts';
import { systemClock } from '../../src/clock.ts';
import { platforms } from '../../src/platforms/registry.ts';
import type { ListedBatch } from '../../src/producer/campaign.ts';
import { InterruptedError, ProducerRefusedError } from '../../src/producer/errors.ts';
import { buildProducer } from '../../src/producer/producer.ts';
import { shardOf } from '../../src/redis/shards.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import { channelConfig } from '../config/channel-config.ts';

/** Listing a campaign in all shards of a channel, in batches that fill the chunks of each. */

const SHARDS = 8;
const BATCH = 2_000;

let server: RedisServer;
let redis: Redis;
const closing: (() => Promise<void>)[] = [];

function producer() {
  const made = buildProducer(
    { redis: server.url },
    { platforms, clock: systemClock, plays: { recordPlays: async () => {} } },
  );
  closing.push(() => made.close());
  return made;
}

const spring = { id: 'spring', platform: 'kongregate' as const, content: 'Hello, **world**' };
const player = (userId: number) => ({ to: { userId } });
const players = (count: number, from = 1) => Array.from({ length: count }, (_, i) => player(from + i));

/** Whom the chunks of each shard list. */
async function chunksByShard(): Promise<number[][][]> {
  const shards = Array.from({ length: SHARDS }, async (_, shard) => {
    const base = `herald:{kongregate/${shard}}`;
    const ids = await redis.zrange(`${base}:prioritized`, '0', '-1');
    const data = await Promise.all(ids.map((id) => redis.hget(`${base}:${id}`, 'data')));
    return data.map((text) => JSON.parse(text ?? '').to as number[]);
  });
  return await Promise.all(shards);
}

const listed = async (): Promise<number[]> => (await chunksByShard()).flat(2).toSorted((a, b) => a - b);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  await announceChannels(redis, [channelConfig({ shards: SHARDS })]);
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

it('makes one chunk a shard of each batch', async () => {
  const batches: ListedBatch[] = [];
  const onProgress = (_: unknown, batch: ListedBatch): void => void batches.push(batch);
  const result = await producer().campaign(spring, players(2 * BATCH + 700), { onProgress });
  expect(result).toMatchObject({ created: true, listed: 2 * BATCH + 700, duplicate: 0 });
  expect(batches.toSorted((a, b) => a.from - b.from)).toEqual([
    { from: 0, count: BATCH, listed: BATCH, duplicate: 0 },
    { from: BATCH, count: BATCH, listed: BATCH, duplicate: 0 },
    { from: 2 * BATCH, count: 700, listed: 700, duplicate: 0 },
  ]);
  expect(await listed()).toEqual(numbers(2 * BATCH + 700));
  for (const [shard, chunks] of (await chunksByShard()).entries()) {
    expect(chunks).toHaveLength(3);
    for (const userId of chunks.flat()) expect(shardOf(String(userId), SHARDS)).toBe(shard);
  }
});

it('deals those of one shard out to chunks that a job can carry', async () => {
  const ofOne = numbers(20_000).filter((userId) => shardOf(String(userId), SHARDS) === 3);
  expect(await producer().campaign(spring, ofOne.slice(0, 1_500).map(player))).toMatchObject({
    listed: 1_500,
  });
  const chunks = (await chunksByShard())[3]!;
  expect(chunks.map((chunk) => chunk.length)).toEqual([375, 375, 375, 375]);
});

it('tells the bad ones by their place, and those named twice in the batch', async () => {
  const told: number[] = [];
  const source = players(BATCH + 10).map((each, i) => {
    if (i === 3 || i === 777 || i === BATCH + 5) return { to: { userId: 'nobody' } };
    return i === 1_900 ? player(8) : each;
  });
  const result = await producer().campaign(spring, source as never, {
    onInvalid: ({ index }) => told.push(index),
  });
  expect(result).toMatchObject({ listed: BATCH + 6, duplicate: 1, invalidTotal: 3 });
  expect(told.toSorted((a, b) => a - b)).toEqual([3, 777, BATCH + 5]);
});

it('takes fewer recipients with much data into a batch', async () => {
  const data = { text: 'x'.repeat(6_000) };
  const counts: number[] = [];
  const content = 'Hello, {{ text }}';
  await producer().campaign(
    { ...spring, content },
    players(2_000).map((each) => ({ ...each, data })),
    { onProgress: (_, { count }) => counts.push(count) },
  );
  // 1,000 of them are more than the 512 KiB that a chunk of each shard holds.
  expect(counts).toEqual([500, 500, 500, 500]);
});

describe('a start that is repeated', () => {
  it('lists nobody again, however slow the source', async () => {
    async function* trickling() {
      for (const each of players(BATCH + 700)) {
        if (each.to.userId % 900 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
        yield each;
      }
    }
    await producer().campaign(spring, players(BATCH + 700));
    const again = await producer().campaign(spring, trickling());
    expect(again).toMatchObject({ created: false, listed: 0, duplicate: BATCH + 700 });
    expect(await listed()).toEqual(numbers(BATCH + 700));
  });

  it('after its source has failed goes on where it was', async () => {
    async function* broken() {
      yield* players(2 * BATCH - 100);
      throw new Error('disk gone');
    }
    const failure = await producer()
      .campaign(spring, broken())
      .catch((error) => error);
    expect(failure).toBeInstanceOf(InterruptedError);
    // What was read of the second batch is not listed: its chunks would not be those of the whole batch.
    expect(failure).toMatchObject({ resumeAt: BATCH, restUntouched: true, progress: { listed: BATCH } });
    expect(await listed()).toEqual(numbers(BATCH));
    const again = await producer().campaign(spring, players(2 * BATCH));
    expect(again).toMatchObject({ listed: BATCH, duplicate: BATCH });
    expect(await listed()).toEqual(numbers(2 * BATCH));
  });

  it('after a shard has refused lists each once', async () => {
    const jobs = 'herald:{kongregate/5}:prioritized';
    await redis.set(jobs, 'no list');
    const failure = await producer()
      .campaign(spring, players(2 * BATCH))
      .catch((error) => error);
    expect(failure.cause).toBeInstanceOf(ProducerRefusedError);
    expect(failure).toMatchObject({ resumeAt: 0, restUntouched: false });
    await redis.del(jobs);
    await producer().campaign(spring, players(2 * BATCH));
    expect(await listed()).toEqual(numbers(2 * BATCH));
  });
});
