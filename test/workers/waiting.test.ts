import { describe, expect } from 'vitest';
import { closedDoor } from '../support/door.ts';
import { eventually } from '../support/eventually.ts';
import { it } from '../support/scene.ts';
import { unhurried } from '../support/slowness.ts';
import { metric } from '../support/tally.ts';

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

describe.concurrent('a message for later', () => {
  it('is not sent before its sendAt, by whichever producer', async ({ openScene }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    const sendAt = inMs(1_500);
    await scene.send(11, { sendAt });
    // A foreign producer may leave the delay to the worker.
    await scene.addForeign({ v: 1, platform: 'kongregate', to: { userId: 12 }, content: 'Hello', sendAt });
    const scheduled = () => scene.queue.getDelayedCount();
    await eventually('both to be scheduled', scheduled, (count) => count === 2);
    expect(await scene.agreed(2, [worker])).toEqual({ 'delivered/sent': 2 });
    for (const { at } of scene.sandbox.journal.calls()) expect(at).toBeGreaterThanOrEqual(Date.parse(sendAt));
    // Waiting for one's own moment is no delay of the delivery.
    const latency = metric(await worker.metrics.render(), 'herald_delivery_latency_seconds_sum');
    expect(latency).toBeLessThan(unhurried(2));
  });

  it('ends as expired when its time is over before a worker comes', async ({ openScene }) => {
    const scene = await openScene();
    const expiresAt = inMs(100);
    await scene.send(11, { expiresAt });
    await eventually('the expiry', Date.now, (now) => now > Date.parse(expiresAt));
    const worker = await scene.worker();
    expect(await scene.agreed(1, [worker])).toEqual({ 'suppressed/expired': 1 });
    expect(scene.sandbox.journal.report().calls).toBe(0);
  });

  it('ends as expired at its time, and not when its backoff is over', async ({
    openScene,
    onTestFinished,
  }) => {
    const scene = await openScene();
    const door = await closedDoor(scene.sandbox.port);
    onTestFinished(() => door.close());
    const channel = {
      baseUrl: `${door.url}/kongregate/api`,
      retry: { attempts: 9, base: '1h', cap: '1h' },
    };
    const worker = await scene.worker({ channel });
    const expiresAt = inMs(1_000);
    await scene.send(11, { expiresAt });
    expect(await scene.agreed(1, [worker])).toEqual({ 'suppressed/expired': 1 });
    const [receipt] = await scene.receipts();
    expect((receipt?.at ?? 0) - Date.parse(expiresAt)).toBeGreaterThanOrEqual(0);
    expect((receipt?.at ?? 0) - Date.parse(expiresAt)).toBeLessThan(unhurried(1_500));
  });

  it('ends as expired while its channel rests', async ({ openScene }) => {
    const scene = await openScene({
      sandbox: { faults: [{ kind: 'rate_limited', retryAfter: '3', count: 1 }] },
    });
    const worker = await scene.worker();
    await scene.send(11, { expiresAt: inMs(1_000) });
    expect(await scene.agreed(1, [worker])).toEqual({ 'suppressed/expired': 1 });
    expect(scene.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 0 });
  });
});

describe.concurrent('a message over the quota', () => {
  it('goes out in the next window when it asked to', async ({ openScene }) => {
    const windowMs = 4_000;
    const scene = await openScene({
      channel: { quota: { per: `${windowMs}ms` }, timeout: '500ms' },
      sandbox: { kongregate: { dayMs: windowMs } },
    });
    const worker = await scene.worker();
    await Promise.all([1, 2].map(() => scene.send(11, { onQuota: 'defer' })));
    expect(await scene.agreed(2, [worker])).toEqual({ 'delivered/sent': 2 });
    const { calls, results } = scene.sandbox.journal.report();
    expect({ calls, results }).toEqual({ calls: 2, results: { accepted: 2 } });
    const windows = scene.sandbox.journal.calls().map(({ at }) => Math.floor(at / windowMs));
    expect(windows[1]).toBeGreaterThan(windows[0] ?? 0);
    // Late in a window the first one waits for the next, too.
    expect(metric(await worker.metrics.render(), 'herald_slot_wait_seconds_count')).toBeGreaterThanOrEqual(1);
  });

  it('is dropped at once where it would expire before the next window', async ({ openScene }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    await scene.send(11);
    await scene.settled(1);
    await scene.send(11, { onQuota: 'defer', expiresAt: inMs(60_000) });
    expect(await scene.agreed(2, [worker])).toEqual({ 'delivered/sent': 1, 'suppressed/quota': 1 });
  });
});
