import { describe, expect } from 'vitest';
import type { MessageInput } from '../../src/app.ts';
import { MESSAGES_JOB } from '../../src/jobs/job-ids.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { unhurried } from '../../testing/slowness.ts';
import { type Environment, it } from '../support/environment.ts';

/** To players whom the sandbox knows and who play. */
const message = (n: number, fields: object = {}) => ({
  id: `m-${n}`,
  platform: 'kongregate',
  to: { userId: 10 * n + 1 },
  content: 'Hello',
  ...fields,
});

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** As a producer in another language does. */
async function addMany(
  env: Environment,
  messages: readonly unknown[],
  options: object = {},
): Promise<string> {
  const job = await env.queue.add(MESSAGES_JOB, { v: 1, messages }, options);
  return job.id ?? '';
}

const jobsLeft = async ({ queue }: Environment): Promise<number> =>
  Object.values(await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed')).reduce(
    (a, b) => a + b,
  );

describe.concurrent('a job of many messages', () => {
  it('is delivered; of what is wrong with one, the others know nothing', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const id = await addMany(env, [
      ...range(60).map((i) => message(i)),
      message(61, { content: 7 }),
      message(62, { v: 2 }),
      message(63),
    ]);
    const worker = await env.worker();
    await eventually(
      'all but the newer one',
      () => env.receiptCount(),
      (seen) => seen === 62,
    );
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 61, accepted: 61 });
    const [letter, ...none] = await env.letters();
    expect(none).toEqual([]);
    expect(letter).toMatchObject({ id: 'm-61', jobId: `${id}:60`, reason: 'invalid_message' });
    // The newer one waits in a job of its own, for a worker that knows its version.
    await eventually(
      'the job to end',
      () => jobsLeft(env),
      (left) => left === 1,
    );
    const [waiting] = await env.queue.getDelayed();
    expect(waiting).toMatchObject({ id: `${id}:61`, name: 'message', data: message(62, { v: 2 }) });
    expect(await worker.metrics()).toContain('herald_messages_total');
  });

  it('is left by a message that is tried again, and ends without it', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      channel: { retry: { attempts: 3, base: '200ms', cap: '300ms' } },
      sandbox: { faults: [{ kind: 'server_error', count: 2 }] },
    });
    await addMany(
      env,
      range(20).map((i) => message(i)),
    );
    const worker = await env.worker();
    expect(await env.agreed(20, [worker])).toEqual({ 'delivered/sent': 20 });
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 20 });
  });

  it('names a message that is in it twice once', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await addMany(env, [message(1), message(1), message(2)]);
    const worker = await env.worker();
    await eventually(
      'the jobs to end',
      () => jobsLeft(env),
      (left) => left === 0,
    );
    expect(await env.agreed(2, [worker])).toEqual({ 'delivered/sent': 2 });
  });

  it('goes on with the next worker where one was closed, and none of it twice', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({
      channel: { concurrency: 5 },
      sandbox: { faults: [{ kind: 'latency', latencyMs: 30 }] },
    });
    await addMany(
      env,
      range(100).map((i) => message(i)),
    );
    const first = await env.worker();
    await eventually(
      'a part of it',
      () => env.receiptCount(),
      (seen) => seen >= 10,
    );
    await first.close();
    const before = (await env.receipts()).length;
    expect(before).toBeLessThan(100);
    const asked = new Set<string>();
    const ledger = (inner: Ledger): Ledger => ({
      ...inner,
      admit(message, nonce) {
        asked.add(message.id);
        return inner.admit(message, nonce);
      },
    });
    const second = await env.worker({ wrap: { ledger } });
    expect(await env.agreed(100, [first, second])).toEqual({ 'delivered/sent': 100 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 100, accepted: 100 });
    // What had ended is passed over: it is not even asked for.
    expect(asked.size).toBe(100 - before);
  });

  it('survives the death of its worker: nobody twice, nobody forgotten', async ({ openEnvironment }) => {
    const env = await openEnvironment({ channel: { concurrency: 10 } });
    await addMany(
      env,
      range(200).map((i) => message(i)),
    );
    await env.spawn({ failpoint: { at: 'answered', does: 'die' } }).ended();
    await env.worker();
    const tally = await env.settled(200, { withinMs: 120_000 });
    expect(Object.keys(tally).sort()).toEqual(['delivered/presumed', 'delivered/sent']);
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 200 });
  });

  it('is asked for no more than the rate lets through, and lets what is urgent pass', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ channel: { rate: { max: 20, per: '1s' } } });
    await addMany(
      env,
      range(100).map((i) => message(i)),
      { priority: 11 },
    );
    await addMany(
      env,
      range(100).map((i) => message(i + 100)),
      { priority: 11 },
    );
    const worker = await env.worker();
    await eventually(
      'the first',
      () => env.receiptCount(),
      (seen) => seen >= 10,
    );
    const sentAt = Date.now();
    await env.producer.send(message(1_000) as MessageInput);
    await eventually(
      'what is urgent',
      () => env.receipts(),
      (seen) => seen.some(({ id }) => id === 'm-1000'),
    );
    expect(Date.now() - sentAt).toBeLessThan(unhurried(2_000));
    expect(await env.settled(201, { withinMs: 60_000 })).toEqual({ 'delivered/sent': 201 });
    expect(metric(await worker.metrics(), 'herald_admissions_total')).toBeLessThan(unhurried(2 * 201));
  });

  it.for([
    // It looks every half a second whether something urgent waits.
    ['is left in the queue by a worker that has enough of them in hand', 2, [6, 20], 30],
    ['is picked up one at a time, however many a worker could process', 50, [30, 60], 15],
  ] as const)('%s', async ([, concurrency, [jobs, size], most], { openEnvironment }) => {
    const env = await openEnvironment({ channel: { rate: { max: 10, per: '1s' }, concurrency } });
    const ids: string[] = [];
    for (const job of range(jobs)) {
      const messages = range(size).map((i) => message(i + size * job));
      ids.push(await addMany(env, messages, { priority: 1 }));
    }
    await env.worker();
    const from = performance.now();
    await eventually(
      'a part of the first',
      () => env.receiptCount(),
      (seen) => seen >= 15,
    );
    // The rate lets so many through within two seconds; on a busy machine it takes longer, with more looks.
    const times = Math.max(1, (performance.now() - from) / 2_000);
    const pickups = await Promise.all(ids.map((id) => env.redis.hget(env.queue.toKey(id), 'ats')));
    expect(pickups.reduce((sum, each) => sum + Number(each), 0)).toBeLessThan(times * most);
  });

  it('is passed by what is urgent also where one message is sent at a time', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      channel: { concurrency: 1 },
      sandbox: { faults: [{ kind: 'latency', latencyMs: 100 }] },
    });
    await addMany(
      env,
      range(100).map((i) => message(i)),
      { priority: 1 },
    );
    await env.worker();
    await eventually('the first of it', async () => (await env.receiptCount()) > 0);
    await env.producer.send(message(1_000) as MessageInput);
    const ends = await eventually(
      'what is urgent',
      () => env.receipts(),
      (seen) => seen.some(({ id }) => id === 'm-1000'),
    );
    expect(ends.length).toBeLessThan(90);
  });

  it('is left to others by a worker that has no room for it', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      channel: { concurrency: 1 },
      sandbox: { faults: [{ kind: 'latency', latencyMs: 200 }] },
    });
    const held = await addMany(
      env,
      range(100).map((i) => message(i)),
    );
    await env.worker();
    await eventually('the first of it', async () => (await env.receiptCount()) > 0);
    const next = await addMany(
      env,
      range(2).map((i) => message(2_000 + i)),
    );
    await eventually(
      'a look at it',
      async () => Number(await env.redis.hget(env.queue.toKey(next), 'ats')) > 0,
    );
    await env.worker();
    const ends = await eventually(
      'the other job',
      () => env.receipts(),
      (seen) => seen.filter(({ id }) => id.startsWith('m-200')).length === 2,
    );
    expect(ends.length).toBeLessThan(90);
    expect(await env.redis.exists(env.queue.toKey(held))).toBe(1);
    await eventually('the job to end', async () => (await env.redis.exists(env.queue.toKey(next))) === 0);
  });
});
