import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { replayDeadLetters } from '../../src/app.ts';
import { readDeadLetterData, readDeadLetters } from '../../src/dead-letters/records.ts';
import { DEAD_REASONS } from '../../src/outcome.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { takesSweepTurn } from '../../src/workers/sweeper.ts';
import { eventually } from '../../testing/eventually.ts';
import { tallyOfMetrics } from '../../testing/metrics-parser.ts';
import { CHANNEL, type Environment, it } from '../support/environment.ts';

const SWEPT_WITHIN_MS = 20_000;

/** BullMQ fails a job without a word to the processor, as it does with one that stalled too often. */
async function giveUp(env: Environment): Promise<string> {
  const worker = await env.takeOver();
  const job = await worker.getNextJob('token');
  await job?.moveToFailed(new Error('job stalled more than allowable limit'), 'token', false);
  await worker.close();
  return job?.id ?? '';
}

const BASE = channelKeys(CHANNEL).ledger;

/** The names of the letters by reason; nothing of Herald's is left in the failed set. */
async function listed(env: Environment): Promise<Record<string, string[]>> {
  const lists = await Promise.all(
    DEAD_REASONS.map(async (reason) => [
      reason,
      await env.redis.zrange(channelKeys(CHANNEL).deadLettersOf(reason), '0', '-1'),
    ]),
  );
  expect(await env.queue.getFailedCount()).toBe(0);
  return Object.fromEntries(lists.filter(([, ids]) => ids?.length)) as Record<string, string[]>;
}

describe.concurrent('a job that BullMQ gave up', () => {
  it('is settled as stalled, once, by one of two workers', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const id = await env.send(11, { meta: { campaign: 'autumn' } });
    const jobId = await giveUp(env);
    expect(await env.receipts()).toEqual([]);
    const workers = [await env.worker(), await env.worker()];
    expect(await env.agreed(1, workers, { withinMs: SWEPT_WITHIN_MS })).toEqual({ 'dead/stalled': 1 });
    expect(await env.receipts()).toMatchObject([
      { id, state: 'dead', reason: 'stalled', meta: { campaign: 'autumn' } },
    ]);
    expect(await listed(env)).toEqual({ stalled: [jobId] });
    expect(env.sandbox.journal.report().calls).toBe(0);
    // The slot was never taken: the player's next message is delivered.
    await env.send(11);
    expect(await env.agreed(2, workers)).toEqual({ 'dead/stalled': 1, 'delivered/sent': 1 });
  });

  it('is settled as invalid where it cannot be read', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.addForeign('garbage');
    const jobId = await giveUp(env);
    const worker = await env.worker();
    expect(await env.agreed(1, [worker], { withinMs: SWEPT_WITHIN_MS })).toEqual({
      'dead/invalid_message': 1,
    });
    expect(await listed(env)).toEqual({ invalid_message: [jobId] });
  });

  it('is settled as invalid where it is not even JSON', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const key = 'herald:{kongregate}:broken';
    await env.redis.hset(key, { name: 'message', data: '{"v":1,', opts: '{}', timestamp: Date.now() });
    await env.redis.zadd('herald:{kongregate}:failed', Date.now(), 'broken');
    const worker = await env.worker();
    expect(await env.agreed(1, [worker], { withinMs: SWEPT_WITHIN_MS })).toEqual({
      'dead/invalid_message': 1,
    });
    expect(await listed(env)).toEqual({ invalid_message: ['broken'] });
    expect(await readDeadLetterData(channelStore(env.redis, CHANNEL), 'broken')).toBe('{"v":1,');
    expect(await env.redis.exists(key)).toBe(0);
  });

  it('is removed where its message was delivered', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.send(11);
    const victim = env.spawn({ failpoint: { at: 'ended', does: 'die' } });
    await victim.ended();
    const [jobId = ''] = await env.redis.lrange('herald:{kongregate}:active', 0, -1);
    await env.redis
      .multi()
      .lrem('herald:{kongregate}:active', 0, jobId)
      .zadd('herald:{kongregate}:failed', `${Date.now()}`, jobId)
      .del(`herald:{kongregate}:${jobId}:lock`)
      .exec();
    const worker = await env.worker();
    await eventually(
      'the job to go',
      () => env.queue.getFailedCount(),
      (count) => count === 0,
      {
        withinMs: SWEPT_WITHIN_MS,
      },
    );
    expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
    expect(env.sandbox.journal.report().calls).toBe(1);
    expect(await worker.metrics()).toContain('state="delivered",reason="sent"} 0');
  });
});

/** The failed set and its index, as version 0.1.0 left them, and the ledger beside: binary as Latin-1. */
const OLDER = new URL('older-dead-letters.json', import.meta.url);

async function restoreOlder({ redis }: Environment): Promise<void> {
  const commands = JSON.parse(readFileSync(OLDER, 'utf8')) as [string, ...string[]][];
  for (const [name, ...args] of commands) {
    await redis.call(name, ...args.map((arg) => Buffer.from(arg, 'latin1')));
  }
}

describe.concurrent('the dead letters of an older version', () => {
  it('are taken over once, each as it was', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await restoreOlder(env);
    const receipts = (await env.receipts()).length;
    const jobs = await env.redis.zrange('herald:{kongregate}:failed', '0', '-1');
    const kept = await Promise.all(jobs.map((id) => env.redis.hget(env.queue.toKey(id), 'data')));
    const workers = [await env.worker(), await env.worker()];
    await eventually(
      'the failed set to be empty',
      () => env.queue.getFailedCount(),
      (count) => count === 0,
      { withinMs: SWEPT_WITHIN_MS },
    );
    const letters = (await readDeadLetters(channelStore(env.redis, CHANNEL), jobs)).map((letter) => letter!);
    expect(
      letters.map(({ id, reason, run, attempts, detail }) => [id, reason, run, attempts, detail]),
    ).toEqual([
      ['order-10', 'bad_recipient', 1, 1, 'Unknown user.'],
      ['order-20', 'bad_recipient', 2, 1, 'Unknown user.'],
      ['order-11', 'unconfirmed', 1, 1, 'ECONNRESET'],
      ['4', 'invalid_message', 1, 0, 'expected an object'],
      ['broken', 'invalid_message', 1, 0, 'expected an object'],
      // A replay of it had been begun and not finished.
      ['order-30', 'bad_recipient', 1, 0, 'Unknown user.'],
      // BullMQ had given it up.
      ['order-31', 'stalled', 1, 0, 'job stalled more than allowable limit'],
    ]);
    const data = await Promise.all(
      jobs.map((name) => readDeadLetterData(channelStore(env.redis, CHANNEL), name)),
    );
    expect(data).toEqual(kept);
    expect(await env.redis.exists(...jobs.map((id) => env.queue.toKey(id)))).toBe(0);
    expect(await env.redis.keys(`${BASE}:dead*`)).toEqual([]);
    // One run ended by it, and was told once.
    expect(await env.receipts()).toHaveLength(receipts + 1);
    const told = await Promise.all(workers.map((worker) => worker.metrics()));
    expect(tallyOfMetrics(told)).toEqual({ 'dead/stalled': 1 });
  });

  it('are replayed as the runs that follow', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await restoreOlder(env);
    await env.worker();
    await eventually(
      'the failed set to be empty',
      () => env.queue.getFailedCount(),
      (count) => count === 0,
      { withinMs: SWEPT_WITHIN_MS },
    );
    const userIds = [10, 20, 30, 31];
    env.sandbox.kongregate.players.set(...userIds.map((userId) => ({ userId, state: 'played' as const })));
    const result = await replayDeadLetters({ redis: env.redis, reasons: ['bad_recipient', 'stalled'] });
    expect(result).toMatchObject({ replayed: 4, failed: 0 });
    await env.settled(12);
    const delivered = (await env.receipts()).filter(({ state }) => state === 'delivered');
    expect(delivered.map(({ id, run }) => `${id} ${run}`).toSorted()).toEqual([
      'order-10 2',
      'order-20 3',
      'order-30 2',
      'order-31 2',
    ]);
  });
});

it('lets one sweep at a time', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const turns = await Promise.all(
    Array.from({ length: 5 }, () => takesSweepTurn(channelStore(env.redis, CHANNEL))),
  );
  expect(turns.filter(Boolean)).toHaveLength(1);
});
