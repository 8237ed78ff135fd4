import { describe, expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { unhurried } from '../../testing/slowness.ts';
import { it } from '../support/environment.ts';

describe('a worker that freezes in the middle of a send', () => {
  it.concurrent('and thaws when another has taken over: one delivery, counted once', {}, async ({
    openEnvironment,
  }) => {
    // Time enough to stop it, and less than a request may take.
    const latencyMs = Math.min(6_000, unhurried(3_000));
    const env = await openEnvironment({ sandbox: { faults: [{ kind: 'latency', latencyMs, count: 1 }] } });
    const frozen = env.spawn();
    await frozen.ready();
    await env.send(21);
    // In flight is also what is not written yet, and would never arrive; its fault has struck what is at the platform.
    const pending = () => env.sandbox.faults.list().length;
    await eventually('the request to arrive', pending, (count) => count === 0, { everyMs: 5 });
    frozen.signal('SIGSTOP');
    const other = await env.worker();
    expect(await env.settled(1, { withinMs: 30_000 })).toEqual({ 'delivered/presumed': 1 });
    frozen.signal('SIGCONT');
    await eventually(
      'it to settle what it was at',
      () => frozen.log(),
      (log) => log.includes('"attempt"'),
    );
    expect(await env.agreed(1, [other, frozen])).toEqual({ 'delivered/presumed': 1 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 1 });
    // It works on: the next message is anybody's.
    await env.send(22);
    expect(await env.agreed(2, [other, frozen])).toEqual({ 'delivered/presumed': 1, 'delivered/sent': 1 });
  });
});
