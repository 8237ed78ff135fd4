import { describe, expect } from 'vitest';
import type { MessageInput } from '../../src/app.ts';
import { MESSAGES_JOB } from '../../src/jobs/job-ids.ts';
import { eventually } from '../../testing/eventually.ts';
import { CHANNEL, type Environment, it } from '../support/environment.ts';
import { openHeldPlatform } from '../support/held-platform.ts';

const channel = CHANNEL;

/** To players whom the sandbox knows and who play. */
const message = (n: number, fields: Partial<MessageInput> = {}): MessageInput =>
  ({
    id: `m-${n}`,
    platform: 'kongregate',
    to: { userId: 10 * n + 1 },
    content: 'Hello',
    ...fields,
  }) as MessageInput;

const recipient = (n: number): string => String(10 * n + 1);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const called = ({ sandbox }: Environment): Set<string> =>
  new Set(sandbox.journal.calls().map((call) => call.recipient));
const endsOf = async (env: Environment): Promise<string[]> =>
  (await env.receipts()).map(({ id, state, reason }) => `${id} ${state}/${reason}`);

/** In an order that looks like none, the same in every run. */
const shuffled = (numbers: readonly number[]): number[] =>
  numbers.toSorted((a, b) => ((a * 7_919) % 1_009) - ((b * 7_919) % 1_009));

describe.concurrent('a cancel', () => {
  it('is told, for each of many messages under way, by what becomes of it', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      channel: { concurrency: 5 },
      sandbox: { faults: [{ kind: 'latency', latencyMs: 20 }] },
    });
    const all = range(1, 301);
    const [many, single, foreign] = [all.slice(0, 200), all.slice(200, 250), all.slice(250)];
    await env.producer.sendMany(many.map((n) => message(n)));
    for (const n of single) await env.producer.send(message(n));
    await env.queue.add(MESSAGES_JOB, { v: 1, messages: foreign.map((n) => message(n)) });
    const workers = [await env.worker(), await env.worker()];
    const answers = new Map<number, string>();
    for (const n of shuffled(all)) {
      const { status } = await env.producer.cancel(`m-${n}`, { channel });
      // A foreign one has no record before its first admission.
      if (status !== 'unknown') answers.set(n, status);
    }
    const tally = await env.agreed(300, workers);
    const cancelled = [...answers].flatMap(([n, status]) => (status === 'cancelled' ? [n] : []));
    expect(cancelled.length).toBeGreaterThan(0);
    expect(tally).toEqual({
      'delivered/sent': 300 - cancelled.length,
      'suppressed/cancelled': cancelled.length,
    });
    const sent = called(env);
    expect(cancelled.filter((n) => sent.has(recipient(n)))).toEqual([]);
    const ended = new Set(cancelled);
    expect((await endsOf(env)).toSorted()).toEqual(
      all.map((n) => `m-${n} ${ended.has(n) ? 'suppressed/cancelled' : 'delivered/sent'}`).toSorted(),
    );
  });

  it('is too late while the request is under way', async ({ openEnvironment, onTestFinished }) => {
    const env = await openEnvironment();
    const { proxy, channel: way } = await openHeldPlatform(env, onTestFinished);
    proxy.holdAnswers();
    const worker = await env.worker({ channel: way });
    await env.producer.send(message(1));
    await eventually('the request', () => called(env).size);
    expect(await env.producer.cancel('m-1', { channel })).toEqual({ status: 'too_late', id: 'm-1' });
    proxy.releaseAnswers();
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
  });

  it('is final at once for a message whose time is still to come', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const sendAt = new Date(Date.now() + 3_600_000);
    await env.producer.send(message(1, { sendAt }));
    expect(await env.producer.cancel('m-1', { channel })).toEqual({ status: 'cancelled', id: 'm-1' });
    expect(await endsOf(env)).toEqual(['m-1 suppressed/cancelled']);
    expect(await env.producer.send(message(1))).toEqual({ status: 'duplicate', id: 'm-1' });
    // Counted by the worker that takes its job out of the queue.
    const worker = await env.worker();
    const [job] = await env.queue.getDelayed();
    await job!.promote();
    expect(await env.agreed(1, [worker])).toEqual({ 'suppressed/cancelled': 1 });
    expect(called(env).size).toBe(0);
  });

  it('names what it cannot do', async ({ openEnvironment }) => {
    const { producer } = await openEnvironment();
    expect(await producer.cancel('nobody', { channel })).toEqual({ status: 'unknown', id: 'nobody' });
    await expect(producer.cancel('', { channel })).rejects.toMatchObject({ code: 'HERALD_INVALID_MESSAGE' });
    await expect(producer.cancel('m-1', { channel: 'kongregat' })).rejects.toMatchObject({
      code: 'HERALD_UNKNOWN_CHANNEL',
    });
  });
});

describe.concurrent('a reschedule', () => {
  const inAnHour = (): Date => new Date(Date.now() + 3_600_000);

  it('puts one message of a job off, and then brings it forward', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.producer.sendMany(range(1, 11).map((n) => message(n)));
    const sendAt = inAnHour();
    expect(await env.producer.reschedule('m-4', { channel, sendAt })).toEqual({
      status: 'rescheduled',
      id: 'm-4',
    });
    const worker = await env.worker();
    await eventually('the others', async () => (await env.receiptCount()) === 9);
    expect(called(env).has(recipient(4))).toBe(false);
    await eventually('its own job', async () => (await env.queue.getDelayedCount()) === 1);
    expect(await env.producer.reschedule('m-4', { channel, sendAt: new Date() })).toMatchObject({
      status: 'rescheduled',
    });
    expect(await env.agreed(10, [worker])).toEqual({ 'delivered/sent': 10 });
  });

  it('brings one message of a job forward, and the others keep their time', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.producer.sendMany(range(1, 6).map((n) => message(n, { sendAt: inAnHour() })));
    await env.producer.reschedule('m-2', { channel, sendAt: new Date() });
    await eventually('the message', async () => (await env.receiptCount()) === 1);
    expect([...called(env)]).toEqual([recipient(2)]);
    await eventually(
      'the others in jobs of their own',
      async () => (await env.queue.getDelayedCount()) === 4,
    );
    for (const n of [1, 3, 4, 5]) await env.producer.cancel(`m-${n}`, { channel });
    for (const job of await env.queue.getDelayed()) await job.promote();
    expect(await env.agreed(5, [worker])).toEqual({ 'delivered/sent': 1, 'suppressed/cancelled': 4 });
  });

  it('wakes an idle worker for a job that was delayed', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.producer.send(message(1, { sendAt: inAnHour() }));
    const worker = await env.worker();
    await env.producer.reschedule('m-1', { channel, sendAt: new Date(0) });
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
  });

  it('refuses an instant at which the message would have expired', async ({ openEnvironment }) => {
    const { producer } = await openEnvironment();
    const expiresAt = inAnHour();
    await producer.send(message(1, { expiresAt }));
    await expect(producer.reschedule('m-1', { channel, sendAt: expiresAt })).rejects.toMatchObject({
      code: 'HERALD_INVALID_MESSAGE',
      problems: [
        {
          path: 'sendAt',
          message: `must be earlier than the message expires, ${expiresAt.toISOString()}`,
        },
      ],
    });
    await expect(producer.reschedule('m-1', { channel, sendAt: 'soon' })).rejects.toMatchObject({
      problems: [{ path: 'sendAt' }],
    });
  });
});
