import { describe, expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { it, type Scene } from '../support/scene.ts';
import { unhurried } from '../support/slowness.ts';
import { metric } from '../support/tally.ts';
import type { WorkerProcess } from '../support/worker-process.ts';

/** `drainTimeout: 5s` in the scene, and a moment for a busy machine. */
const DRAINED_WITHIN_MS = 8_000;
/** What ends at once does not wait for a drain of a minute. */
const PATIENT = { config: { drainTimeout: '1m' } };
const AT_ONCE_MS = 10_000;

async function ready(scene: Scene, options: Parameters<Scene['spawn']>[0] = {}) {
  const worker = scene.spawn(options);
  await worker.ready();
  return worker;
}

const inFlight = (worker: WorkerProcess) => async () => metric(await worker.metrics(), 'herald_in_flight');

/** The processes never call `process.exit`: each end below also shows that nothing was left open. */
describe.concurrent('SIGTERM ends the process', () => {
  it('at once when it is idle', async ({ openScene }) => {
    const scene = await openScene(PATIENT);
    const worker = await ready(scene);
    expect(await worker.terminate(AT_ONCE_MS)).toEqual({ drained: true, abandoned: 0 });
    expect(await worker.ended()).toBe(0);
  });

  it('after what it was at, when it is busy', async ({ openScene }) => {
    const scene = await openScene({ sandbox: { faults: [{ kind: 'latency', latencyMs: 500 }] } });
    const worker = await ready(scene, { channel: { concurrency: 5 } });
    for (let i = 0; i < 12; i += 1) await scene.send(101 + i * 10);
    await eventually(
      'five under way',
      () => scene.queue.getActiveCount(),
      (count) => count === 5,
    );
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toEqual({ drained: true, abandoned: 0 });
    expect(await worker.ended()).toBe(0);
    const { accepted } = scene.sandbox.journal.report();
    expect(await scene.receipts()).toHaveLength(accepted);
    expect(await scene.queue.getJobCounts('active', 'waiting')).toEqual({
      active: 0,
      waiting: 12 - accepted,
    });
    await scene.worker();
    expect(await scene.settled(12)).toEqual({ 'delivered/sent': 12 });
  });

  it('within the deadline when the platform hangs, and the next worker sends again what was aborted', async ({
    openScene,
  }) => {
    const scene = await openScene({
      channel: { timeout: '10s' },
      sandbox: { faults: [{ kind: 'hang', accepted: true, count: 1 }] },
    });
    const worker = await ready(scene);
    await scene.send(11);
    await eventually(
      'the request that hangs',
      () => scene.sandbox.journal.report().calls,
      (calls) => calls === 1,
    );
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toEqual({ drained: true, abandoned: 0 });
    expect(await worker.ended()).toBe(0);
    await scene.worker();
    expect(await scene.settled(1)).toEqual({ 'delivered/presumed': 1 });
    expect(scene.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 1 });
  });

  it('within the deadline when Redis is gone, idle', async ({ openScene }) => {
    const scene = await openScene({ appendonly: true });
    const worker = await ready(scene);
    await scene.server.kill();
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toMatchObject({ abandoned: 0 });
    expect(await worker.ended()).toBe(0);
  });

  it('within the deadline when Redis is gone, busy', async ({ openScene }) => {
    const scene = await openScene({
      appendonly: true,
      sandbox: { faults: [{ kind: 'latency', latencyMs: 700, count: 1 }] },
    });
    const worker = await ready(scene);
    await scene.send(11);
    await eventually('the request to be under way', inFlight(worker), (count) => count === 1, { everyMs: 5 });
    await scene.server.kill();
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toEqual({ drained: false, abandoned: 1 });
    expect(await worker.ended()).toBe(0);
    await scene.server.restart();
    await scene.worker();
    // The platform took it and nobody could write that down: sent again, and refused as the second.
    expect(await scene.settled(1, { withinMs: 30_000 })).toEqual({ 'delivered/presumed': 1 });
    expect(scene.sandbox.journal.report()).toMatchObject({ accepted: 1, acceptedMoreThanOnce: 0 });
  });

  it('within the deadline when Redis is frozen', async ({ openScene }) => {
    const scene = await openScene();
    const worker = await ready(scene);
    await scene.server.kill('SIGSTOP');
    await worker.terminate(DRAINED_WITHIN_MS);
    expect(await worker.ended()).toBe(0);
    await scene.server.kill('SIGCONT');
  });
});

describe.concurrent('SIGTERM', () => {
  it('ends a process at once that begins to rest for ten minutes', async ({ openScene }) => {
    const scene = await openScene({
      ...PATIENT,
      sandbox: { faults: [{ kind: 'rate_limited', retryAfter: '600' }] },
    });
    const worker = await ready(scene);
    await scene.send(11);
    await eventually(
      'the rest',
      () => worker.log(),
      (log) => log.includes('"rate_limited"'),
    );
    expect(await worker.terminate(AT_ONCE_MS)).toEqual({ drained: true, abandoned: 0 });
    expect(await scene.queue.getWaitingCount()).toBe(1);
  });

  it('ends a process that never reached Redis', async ({ openScene }) => {
    const scene = await openScene();
    await scene.server.kill();
    const worker = scene.spawn();
    await worker.started();
    expect(await worker.terminate(DRAINED_WITHIN_MS)).toMatchObject({ abandoned: 0 });
    expect(await worker.ended()).toBe(0);
  });
});

describe.concurrent('closing', () => {
  it('before the start, and while Redis never came up, ends', async ({ openScene }) => {
    const scene = await openScene();
    const idle = await scene.worker({ idle: true });
    expect(await idle.close()).toEqual({ drained: true, abandoned: 0 });

    await scene.server.kill();
    const starting = await scene.worker({ idle: true });
    const run = starting.start().catch((error: unknown) => error);
    const startedAt = performance.now();
    expect(await starting.close({ deadlineMs: 1_000 })).toMatchObject({ abandoned: 0 });
    expect(performance.now() - startedAt).toBeLessThan(unhurried(2_500));
    await run;
  });
});
