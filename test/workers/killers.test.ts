import { describe, expect } from 'vitest';
import { readDeadLetterData } from '../../src/dead-letters/records.ts';
import { MESSAGES_JOB } from '../../src/jobs/job-ids.ts';
import { HEAD_BYTES, MAX_DATA_BYTES } from '../../src/jobs/stored-jobs.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { eventually } from '../../testing/eventually.ts';
import { CHANNEL, it } from '../support/environment.ts';

const good = { v: 1, platform: 'kongregate', to: { userId: 11 }, content: 'Hello' };

/** Bytes. Less than a worker has, and more than it can parse. */
const LARGE = 100_000_000;
/** A job lock of 15 s and a look for stalled jobs every 4 s. */
const STALL_MS = 25_000;

describe.concurrent('a job that would kill its worker', () => {
  it('by its size is a letter with the beginning of its data, and never reaches the worker', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const id = await env.addForeign(good);
    await env.redis.hset(env.queue.toKey(id), {
      data: JSON.stringify({ ...good, content: 'x'.repeat(LARGE) }),
      opts: `{"x":"${'x'.repeat(LARGE)}"}`,
    });
    await env.addForeign({ ...good, content: 'y'.repeat(MAX_DATA_BYTES - 200), to: { userId: 21 } });
    await env.addForeign({ ...good, to: { userId: 31 } });
    const worker = env.spawn({ heapMb: 128 });
    expect(await env.settled(3, { withinMs: 20_000 })).toEqual({
      'dead/invalid_message': 2,
      'delivered/sent': 1,
    });
    const letters = await env.letters();
    const large = letters.find((letter) => letter.jobId === id);
    expect(large?.detail).toMatch(/^data: 1000000\d\d bytes, at most 1048576 allowed$/);
    expect(large?.size).toBeGreaterThan(LARGE);
    expect(await readDeadLetterData(channelStore(env.redis, CHANNEL), id)).toHaveLength(HEAD_BYTES);
    // What is below the limit is read, and kept whole.
    const readable = letters.find((letter) => letter.jobId !== id);
    expect(readable).toMatchObject({ size: undefined, detail: expect.stringMatching(/content/) });
    expect(await worker.metrics()).toContain('herald_dead_letters');
  });

  it('again and again is a letter after five times', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const id = await env.addForeign(good);
    // Of the four deaths before, the count is what is left.
    await env.redis.hset(env.queue.toKey(id), 'stc', '4');
    await env.spawn({ failpoint: { at: 'granted', does: 'die' } }).ended();
    const worker = await env.worker();
    await eventually(
      'the letter',
      () => env.letters(),
      (letters) => letters.length === 1,
      { withinMs: 2 * STALL_MS },
    );
    expect(await env.agreed(1, [worker])).toEqual({ 'dead/unconfirmed': 1 });
    expect(env.sandbox.journal.report().calls).toBe(0);
  });
});

describe.concurrent('a job that stalled', () => {
  it('and was not in doubt dies as stalled', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const id = await env.addForeign(good);
    await env.redis.hset(env.queue.toKey(id), 'stc', '5');
    const worker = await env.worker();
    expect(await env.agreed(1, [worker])).toEqual({ 'dead/stalled': 1 });
    expect(await env.letters()).toMatchObject([
      { reason: 'stalled', detail: 'picked up 5 times in a row by workers that brought it to no result' },
    ]);
    expect(env.sandbox.journal.report().calls).toBe(0);
  });

  it('and was brought to a result since begins to count anew', async ({ openEnvironment }) => {
    const env = await openEnvironment({ sandbox: { faults: [{ kind: 'reset', count: 1 }] } });
    const id = await env.addForeign(good);
    await env.redis.hset(env.queue.toKey(id), 'stc', '4');
    const worker = await env.worker({ channel: { retry: { attempts: 3, base: '1h', cap: '1h' } } });
    await eventually(
      'the backoff',
      () => env.queue.getDelayedCount(),
      (count) => count === 1,
    );
    expect(await env.redis.hget(env.queue.toKey(id), 'stc')).toBeNull();
    await worker.close();
  });

  it('and carries many messages is split, also by a worker that has no room for it', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({
      channel: { concurrency: 1 },
      sandbox: { faults: [{ kind: 'latency', latencyMs: 1_000 }] },
    });
    const many = (first: number, count: number) => ({
      v: 1,
      messages: Array.from({ length: count }, (_, i) => ({ ...good, to: { userId: 10 * (first + i) + 1 } })),
    });
    const before = await env.queue.add(MESSAGES_JOB, many(0, 60));
    await env.worker();
    await eventually('the worker to be full', () => before.isActive());
    const stalled = await env.queue.add(MESSAGES_JOB, many(100, 2), { delay: 86_400_000 });
    await env.redis.hset(env.queue.toKey(`${stalled.id}`), { ats: '2', stc: '2' });
    await stalled.promote();
    const left = () =>
      env.redis.exists(env.queue.toKey(`${stalled.id}:0`), env.queue.toKey(`${stalled.id}:1`));
    await eventually('its messages to leave', left, (count) => count === 2, { withinMs: 10_000 });
  });

  it('only because the store refused its worker does not count', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const id = await env.addForeign(good);
    await env.redis.hset(env.queue.toKey(id), 'stc', '4');
    let deliveries = 0;
    await env.worker({
      wrap: {
        pipeline: (pipeline) => ({
          ...pipeline,
          async deliver(envelope) {
            deliveries += 1;
            if (deliveries === 1) throw new Error('of the store');
            return await pipeline.deliver(envelope);
          },
        }),
      },
    });
    expect(await env.settled(1, { withinMs: 2 * STALL_MS })).toEqual({ 'delivered/sent': 1 });
  });
});
