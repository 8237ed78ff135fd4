import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { announceChannels } from '../../src/channels/registry.ts';
import { systemClock } from '../../src/clock.ts';
import { platforms } from '../../src/platforms/registry.ts';
import {
  InvalidMessageError,
  ProducerRefusedError,
  ProducerTimeoutError,
} from '../../src/producer/errors.ts';
import { buildProducer } from '../../src/producer/producer.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import { unhurried } from '../../testing/slowness.ts';
import { channelConfig } from '../config/channel-config.ts';

/** `sendMany` to a channel over shards, whose batches fill the jobs of all of them. */

const SHARDS = 4;
/** 500 messages are 125 a shard: as many as there are room for in jobs of 500, with some to spare. */
const BATCH = 1_500;

const closing: (() => Promise<void>)[] = [];
let server: RedisServer;
let redis: Redis;

beforeEach(async () => {
  server = await startRedis({ appendonly: true, args: ['--appendfsync', 'always'] });
  redis = new Redis(server.url);
  redis.on('error', () => {}); // Some tests take the server away.
  await announceChannels(redis, [channelConfig({ shards: SHARDS })]);
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  redis.disconnect();
  await server.stop();
});

function producer(timeoutMs = unhurried(5_000)) {
  const made = buildProducer(
    { redis: server.url, timeoutMs },
    { platforms, clock: systemClock, plays: { recordPlays: async () => {} } },
  );
  closing.push(() => made.close());
  return made;
}

const message = (index: number) => ({
  platform: 'kongregate' as const,
  id: `n-${index}`,
  to: { userId: index + 1 },
  content: 'Hello',
});
const messages = (count: number, from = 0) => Array.from({ length: count }, (_, i) => message(from + i));

/** The numbers of the messages of each job, by shard. */
async function jobsByShard(): Promise<number[][][]> {
  const shards = Array.from({ length: SHARDS }, async (_, shard) => {
    const base = `herald:{kongregate/${shard}}`;
    const ids = [
      ...(await redis.lrange(`${base}:wait`, 0, -1)),
      ...(await redis.zrange(`${base}:prioritized`, '0', '-1')),
    ];
    const data = await Promise.all(ids.map((id) => redis.hget(`${base}:${id}`, 'data')));
    return data.map((text) => {
      const job = JSON.parse(text ?? '');
      return (job.messages ?? [job]).map(({ id }: { id: string }) => Number(id.slice(2)));
    });
  });
  return await Promise.all(shards);
}

const queued = async (): Promise<number[]> => (await jobsByShard()).flat(2).toSorted((a, b) => a - b);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const failureOf = (sending: Promise<unknown>) =>
  sending.then(
    () => expect.unreachable('it was not interrupted'),
    (error) => error,
  );

it('fills the jobs of all shards, in the order of the source', async () => {
  expect(await producer().sendMany(messages(3 * BATCH))).toMatchObject({ queued: 3 * BATCH, duplicate: 0 });
  const shards = await jobsByShard();
  expect(shards.flat(2).toSorted((a, b) => a - b)).toEqual(numbers(3 * BATCH));
  for (const jobs of shards) {
    expect(jobs).toHaveLength(3);
    for (const job of jobs) expect(job).toEqual(job.toSorted((a, b) => a - b));
  }
});

it('tells every message by its index, with bad ones and duplicates between', async () => {
  const source = messages(2 * BATCH).map((each, i) => {
    if (i % 10 === 3) return { ...each, content: '' };
    return i % 10 === 7 ? message(i - 3) : each;
  });
  const told = new Map<number, string>();
  const result = await producer().sendMany(source, {
    onResult: ({ index, status, id }) => told.set(index, `${status} ${id}`),
    onInvalid: ({ index, error }) => told.set(index, error.constructor.name),
  });
  const tenth = (2 * BATCH) / 10;
  expect(result).toMatchObject({ queued: 8 * tenth, duplicate: tenth, invalidTotal: tenth });
  expect(told.size).toBe(2 * BATCH);
  for (const [index, what] of told) {
    if (index % 10 === 3) expect(what).toBe(InvalidMessageError.name);
    else if (index % 10 === 7) expect(what).toBe(`duplicate n-${index - 3}`);
    else expect(what).toBe(`queued n-${index}`);
  }
});

it.each([1, 499, 500, 1_100])('does not hold back %i messages of a source that waits', async (count) => {
  let stored = 0;
  let all: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    all = resolve;
  });
  async function* source() {
    yield* messages(count);
    // The rest comes only once these are in the queue.
    await first;
    yield* messages(BATCH, count);
  }
  const onResult = (): void => {
    stored += 1;
    if (stored === count) all();
  };
  expect(await producer().sendMany(source(), { onResult })).toMatchObject({ queued: count + BATCH });
  expect(await queued()).toEqual(numbers(count + BATCH));
});

it('reads no further ahead than the batches under way', async () => {
  let read = 0;
  let settled = 0;
  let furthest = 0;
  function* source() {
    for (let i = 0; i < 8 * BATCH; i++) {
      read += 1;
      furthest = Math.max(furthest, read - settled);
      yield message(i);
    }
  }
  await producer().sendMany(source(), { onResult: () => (settled += 1) });
  expect(settled).toBe(8 * BATCH);
  expect(furthest).toBeLessThanOrEqual(3 * BATCH);
});

it('puts no more large messages into a batch than its jobs can carry', async () => {
  const large = { content: 'x'.repeat(4_000) };
  let settled = 0;
  let furthest = 0;
  function* source() {
    for (let i = 0; i < 4_000; i++) {
      furthest = Math.max(furthest, i + 1 - settled);
      yield { ...message(i), ...large };
    }
  }
  await producer().sendMany(source(), { onResult: () => (settled += 1) });
  // 500 of them are as much as one job of each shard holds: more than 125 times 4 KB.
  expect(furthest).toBeLessThanOrEqual(3 * 500);
  expect(await queued()).toEqual(numbers(4_000));
});

describe('an interruption', () => {
  it('by the source leaves nothing behind of what was read in time', async () => {
    function* source() {
      yield* messages(BATCH + 1_100);
      throw new Error('disk gone');
    }
    const failure = await failureOf(producer().sendMany(source()));
    expect(failure).toMatchObject({
      resumeAt: BATCH + 1_000,
      restUntouched: true,
      progress: { queued: BATCH + 1_000 },
    });
    expect(failure.message).toContain('disk gone');
    expect(await queued()).toEqual(numbers(BATCH + 1_000));
  });

  it('by one shard that refuses reads no further, and is resumed without loss or repetition', async () => {
    const total = 12 * BATCH;
    const [jobs, aside] = ['herald:{kongregate/2}:prioritized', '{kongregate/2}:aside'];
    let broken: Promise<unknown> | undefined;
    let read = 0;
    async function* source() {
      for (const each of messages(total)) {
        read += 1;
        // However slow Redis is, it refuses before half has been read.
        if (read === total / 2) await broken;
        yield each;
      }
    }
    const failure = await failureOf(
      producer().sendMany(source(), {
        onResult({ index }) {
          if (index === 0) broken = redis.multi().rename(jobs, aside).set(jobs, 'no list').exec();
        },
      }),
    );
    await broken;
    await redis.rename(aside, jobs);
    expect(failure.cause).toBeInstanceOf(ProducerRefusedError);
    expect(read).toBeLessThan(total);
    expect(failure.resumeAt % BATCH).toBe(0);
    expect(failure.restUntouched).toBe(false);
    const before = await queued();
    expect(before.slice(0, failure.resumeAt)).toEqual(numbers(failure.resumeAt));
    expect(failure.progress.queued).toBeGreaterThanOrEqual(failure.resumeAt);
    // The other shards have theirs of the batch that failed.
    expect(before.length).toBeGreaterThan(failure.resumeAt);
    const rest = await producer().sendMany(messages(total - failure.resumeAt, failure.resumeAt));
    expect(rest).toMatchObject({
      queued: total - before.length,
      duplicate: before.length - failure.resumeAt,
    });
    expect(await queued()).toEqual(numbers(total));
  });

  it('by an outage is resumed without loss or repetition', async () => {
    const total = 5 * BATCH;
    let killed: Promise<void> | undefined;
    const failure = await failureOf(
      producer(unhurried(2_000)).sendMany(messages(total), {
        onResult: ({ index }) => {
          if (index === BATCH - 1) killed = server.kill();
        },
      }),
    );
    await killed;
    expect(failure.cause).toBeInstanceOf(ProducerTimeoutError);
    expect(failure.resumeAt).toBeGreaterThanOrEqual(BATCH);
    expect(failure.resumeAt).toBeLessThan(total);
    expect(failure.progress.queued).toBeGreaterThanOrEqual(failure.resumeAt);
    await server.restart();
    const rest = await producer(unhurried(15_000)).sendMany(
      messages(total - failure.resumeAt, failure.resumeAt),
    );
    expect(rest.queued + rest.duplicate).toBe(total - failure.resumeAt);
    expect(await queued()).toEqual(numbers(total));
  });

  it('before anything is known of the shards takes no longer than a call', async () => {
    await server.kill();
    const counted: string[] = [];
    const sender = buildProducer(
      {
        redis: server.url,
        timeoutMs: 300,
        channels: ['kongregate'],
        onAccepted: (channel, status, count) => counted.push(`${channel} ${status} ${count}`),
      },
      { platforms, clock: systemClock, plays: { recordPlays: async () => {} } },
    );
    closing.push(() => sender.close());
    const failure = await failureOf(sender.sendMany(messages(700)));
    expect(failure).toMatchObject({ resumeAt: 0, restUntouched: true, progress: { queued: 0 } });
    expect(failure.cause).toMatchObject({ operation: 'sendMany', sent: false });
    expect(counted).toEqual(Array(500).fill('kongregate timeout 1'));
  });
});
