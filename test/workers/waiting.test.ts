import { describe, expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { requestTimeout, unhurried } from '../../testing/slowness.ts';
import { it } from '../support/environment.ts';

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

describe.concurrent('a message for later', () => {
  it('is not sent before its sendAt, by whichever producer', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    const sendAt = inMs(unhurried(1_500));
    await env.send(11, { sendAt });
    // A foreign producer may leave the delay to the worker.
    await env.addForeign({ v: 1, platform: 'kongregate', to: { userId: 12 }, content: 'Hello', sendAt });
    const scheduled = () => env.queue.getDelayedCount();
    await eventually('both to be scheduled', scheduled, (count) => count === 2);
    expect(await env.agreed(2, [worker])).toEqual({ 'delivered/sent': 2 });
    for (const { at } of env.sandbox.journal.calls()) expect(at).toBeGreaterThanOrEqual(Date.parse(sendAt));
    // Waiting for one's own moment is no delay of the delivery.
    const latency = metric(await worker.metrics(), 'herald_delivery_latency_seconds_sum');
    expect(latency).toBeLessThan(unhurried(2));
  });

  it('ends as expired when its time is over before a worker comes', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const expiresAt = inMs(100);
    await env.send(11, { expiresAt });
    await eventually('the expiry', Date.now, (now) => now > Date.parse(expiresAt));
    const worker = await env.worker();
    expect(await env.agreed(1, [worker])).toEqual({ 'suppressed/expired': 1 });
    expect(env.sandbox.journal.report().calls).toBe(0);
  });

  it('ends as expired at its time, and not when its backoff is over', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const platform = await env.refusing();
    const channel = {
      baseUrl: platform.baseUrl,
      retry: { attempts: 9, base: '1h', cap: '1h' },
    };
    const worker = await env.worker({ channel });
    const expiresAt = inMs(unhurried(1_000));
    await env.send(11, { expiresAt });
    expect(await env.agreed(1, [worker])).toEqual({ 'suppressed/expired': 1 });
    const [receipt] = await env.receipts();
    expect((receipt?.at ?? 0) - Date.parse(expiresAt)).toBeGreaterThanOrEqual(0);
    expect((receipt?.at ?? 0) - Date.parse(expiresAt)).toBeLessThan(unhurried(1_500));
  });

  it('ends as expired while its channel rests', async ({ openEnvironment }) => {
    const lifeMs = unhurried(1_000);
    const retryAfter = String(Math.ceil((3 * lifeMs) / 1_000));
    const env = await openEnvironment({
      sandbox: { faults: [{ kind: 'rate_limited', retryAfter, count: 1 }] },
    });
    const worker = await env.worker();
    await env.send(11, { expiresAt: inMs(lifeMs) });
    expect(await env.agreed(1, [worker])).toEqual({ 'suppressed/expired': 1 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 0 });
  });
});

describe.concurrent('a message over the quota', () => {
  it('goes out in the next window when it asked to', async ({ openEnvironment }) => {
    // A request and its answer have to fit into a window, on a busy machine too.
    const windowMs = Math.round(unhurried(4_000));
    const env = await openEnvironment({
      channel: { quota: { per: `${windowMs}ms` }, timeout: requestTimeout(500) },
      sandbox: { kongregate: { dayMs: windowMs } },
    });
    const worker = await env.worker();
    await Promise.all([1, 2].map(() => env.send(11, { onQuota: 'defer' })));
    expect(await env.agreed(2, [worker])).toEqual({ 'delivered/sent': 2 });
    const { calls, results } = env.sandbox.journal.report();
    expect({ calls, results }).toEqual({ calls: 2, results: { accepted: 2 } });
    const windows = env.sandbox.journal.calls().map(({ at }) => Math.floor(at / windowMs));
    expect(windows[1]).toBeGreaterThan(windows[0] ?? 0);
    // Late in a window the first one waits for the next, too.
    const text = await worker.metrics();
    expect(metric(text, 'herald_slot_wait_seconds_count')).toBeGreaterThanOrEqual(1);
    expect(metric(text, 'herald_queue_wait_seconds_count')).toBe(2);
    // What is planned by the quota is part of the latency, and not of what we and the platform take.
    const [latency, ready, kept] = ['delivery_latency', 'ready_latency', 'slot_wait'].map(
      (name) => metric(text, `herald_${name}_seconds_sum`) ?? Number.NaN,
    ) as [number, number, number];
    expect(latency - ready).toBeCloseTo(kept, 2);
    expect(kept).toBeGreaterThan(0);
  });

  it('is dropped at once where it would expire before the next window', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.send(11);
    await env.settled(1);
    await env.send(11, { onQuota: 'defer', expiresAt: inMs(60_000) });
    expect(await env.agreed(2, [worker])).toEqual({ 'delivered/sent': 1, 'suppressed/quota': 1 });
  });
});
