import { describe, expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { unhurried } from '../../testing/slowness.ts';
import { type Environment, it } from '../support/environment.ts';
import { openHeldPlatform } from '../support/held-platform.ts';

/** `drainTimeout: 5s` in the environment, and a moment for a busy machine. */
const DRAINED_WITHIN_MS = 8_000;
/** What ends at once does not wait for a drain of a minute. */
const PATIENT = { config: { drainTimeout: '1m' } };
const AT_ONCE_MS = 10_000;

async function ready(env: Environment, options: Parameters<Environment['spawn']>[0] = {}) {
  const worker = env.spawn(options);
  await worker.ready();
  return worker;
}

/** The processes never call `process.exit`: each end below also shows that nothing was left open. */
describe.concurrent('SIGTERM ends the process', () => {
  it('at once when it is idle', async ({ openEnvironment }) => {
    const env = await openEnvironment(PATIENT);
    const worker = await ready(env);
    expect(await worker.terminate(AT_ONCE_MS)).toEqual({ drained: true, abandoned: 0 });
    expect(await worker.ended()).toBe(0);
  });

  it('after what it was at, when it is busy', async ({ openEnvironment, onTestFinished }) => {
    const env = await openEnvironment(PATIENT);
    const { proxy, channel } = await openHeldPlatform(env, onTestFinished);
    proxy.holdAnswers();
    const worker = await ready(env, { channel: { ...channel, concurrency: 5 } });
    for (let i = 0; i < 12; i += 1) await env.send(101 + i * 10);
    const calls = () => env.sandbox.journal.report().calls;
    await eventually('five under way', calls, (count) => count === 5);
    const terminated = worker.terminate(AT_ONCE_MS);
    await eventually('it to begin to stop', () => worker.log().includes('worker stopping'));
    expect(await worker.get('/readyz')).toMatchObject({
      status: 503,
      body: { status: 'unready', checks: [{ name: 'worker', ok: false, detail: 'draining' }] },
    });
    expect(await worker.get('/livez')).toMatchObject({ status: 200 });
    expect(metric(await worker.metrics(), 'herald_draining', {})).toBe(1);
    proxy.releaseAnswers();
    expect(await terminated).toEqual({ drained: true, abandoned: 0 });
    expect(await worker.ended()).toBe(0);
    expect(worker.log()).toMatch(/"drain_ms":\d+,"msg":"worker stopped"/);
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 5, accepted: 5 });
    expect(await env.receipts()).toHaveLength(5);
    expect(await env.queue.getJobCounts('active', 'waiting')).toEqual({ active: 0, waiting: 7 });
    await env.worker();
    expect(await env.settled(12)).toEqual({ 'delivered/sent': 12 });
  });

  it('within the deadline when the platform hangs, and the next worker sends again what was aborted', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({
      channel: { timeout: '10s' },
      sandbox: { faults: [{ kind: 'hang', accepted: true, count: 1 }] },
    });
    const worker = await ready(env);
    await env.send(11);
    await eventually(
      'the request that hangs',
      () => env.sandbox.journal.report().calls,
      (calls) => calls === 1,
    );
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toEqual({ drained: true, abandoned: 0 });
    expect(await worker.ended()).toBe(0);
    await env.worker();
    expect(await env.settled(1)).toEqual({ 'delivered/presumed': 1 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 1 });
  });

  it('within the deadline when Redis is gone, idle', async ({ openEnvironment }) => {
    const env = await openEnvironment({ appendonly: true });
    const worker = await ready(env);
    await env.server.kill();
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toMatchObject({ abandoned: 0 });
    expect(await worker.ended()).toBe(0);
  });

  it('within the deadline when Redis is gone, busy', async ({ openEnvironment, onTestFinished }) => {
    const env = await openEnvironment({ appendonly: true });
    const { proxy, channel } = await openHeldPlatform(env, onTestFinished);
    proxy.holdAnswers();
    const worker = await ready(env, { channel });
    await env.send(11);
    await eventually('the request to be under way', () => env.sandbox.journal.report().calls === 1);
    await env.server.kill();
    proxy.releaseAnswers();
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toEqual({ drained: false, abandoned: 1 });
    expect(await worker.ended()).toBe(0);
    await env.server.restart();
    await env.worker();
    // The platform took it and nobody could write that down: sent again, and refused as the second.
    expect(await env.settled(1, { withinMs: 30_000 })).toEqual({ 'delivered/presumed': 1 });
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 1, acceptedMoreThanOnce: 0 });
  });

  it('within the deadline when Redis is frozen', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await ready(env);
    await env.server.kill('SIGSTOP');
    await worker.terminate(DRAINED_WITHIN_MS);
    expect(await worker.ended()).toBe(0);
    await env.server.kill('SIGCONT');
  });
});

describe.concurrent('SIGTERM', () => {
  it('ends a process at once that begins to rest for ten minutes', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      ...PATIENT,
      sandbox: { faults: [{ kind: 'rate_limited', retryAfter: '600' }] },
    });
    const worker = await ready(env);
    await env.send(11);
    await eventually(
      'the rest',
      () => worker.log(),
      (log) => log.includes('"rate_limited"'),
    );
    expect(await worker.terminate(AT_ONCE_MS)).toEqual({ drained: true, abandoned: 0 });
    expect(await env.queue.getWaitingCount()).toBe(1);
  });

  it('ends a process that never reached Redis', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.server.kill();
    const worker = env.spawn();
    await worker.starting();
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toMatchObject({ abandoned: 0 });
    expect(await worker.ended()).toBe(0);
  });
});

describe.concurrent('closing', () => {
  it('before the start, and while Redis never came up, ends', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const idle = await env.worker({ idle: true });
    expect(await idle.close()).toEqual({ drained: true, abandoned: 0 });

    await env.server.kill();
    const starting = await env.worker({ idle: true });
    const started = starting.start();
    const startedAt = performance.now();
    expect(await starting.close({ deadline: '1s' })).toMatchObject({ abandoned: 0 });
    expect(performance.now() - startedAt).toBeLessThan(unhurried(2_500));
    // A caller that waits for the start must not wait for ever.
    await started;
  });
  it('again, with less time, ends by then', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      channel: { timeout: '12s' },
      sandbox: { faults: [{ kind: 'hang', accepted: true, count: 1 }] },
    });
    const worker = await env.worker();
    await env.send(11);
    await eventually(
      'the request that hangs',
      () => env.sandbox.journal.report().calls,
      (calls) => calls === 1,
    );
    const startedAt = performance.now();
    // The last quarter of it is for settling what was aborted.
    const deadlineMs = Math.min(6_000, unhurried(1_000));
    const closing = [worker.close({ deadline: '1m' }), worker.close({ deadlineMs }), worker.close()];
    const drained = { drained: true, abandoned: 0 };
    expect(await Promise.all(closing)).toEqual([drained, drained, drained]);
    // The request would end by itself after 12 s.
    expect(performance.now() - startedAt).toBeLessThan(11_000);
  });
});
