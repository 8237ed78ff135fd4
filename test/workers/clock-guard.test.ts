import { describe, expect } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { it } from '../support/environment.ts';

const HOUR_MS = 3_600_000;

describe.concurrent('a worker whose clock is an hour off', () => {
  it('takes nothing, says so, and takes messages once the clock agrees', async ({ openEnvironment }) => {
    let aheadMs = HOUR_MS;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    const env = await openEnvironment();
    const worker = await env.worker({ clock });
    await env.send(11);
    await env.send(12, { sendAt: new Date(Date.now() + HOUR_MS / 2).toISOString() });
    const ready = async () => {
      const response = await fetch(`${worker.url}/readyz`);
      return { status: response.status, body: await response.json() };
    };
    expect(await ready()).toMatchObject({
      status: 503,
      body: {
        checks: expect.arrayContaining([
          expect.objectContaining({
            name: 'clock',
            ok: false,
            detail: expect.stringMatching(/^clock is 3[56]\d{5} ms off/),
          }),
        ]),
      },
    });
    const offset = metric(await worker.metrics(), 'herald_clock_offset_seconds') ?? 0;
    expect(Math.abs(offset - HOUR_MS / 1_000)).toBeLessThan(2);
    expect(worker.log()).toContain('clock is out of sync with Redis: not taking messages');
    // Two more measurements; a worker that pulls takes a message within milliseconds.
    await elapse(4_500);
    expect(await env.queue.getJobCounts('waiting', 'delayed')).toEqual({ waiting: 1, delayed: 1 });

    aheadMs = 0;
    const delivered = () => env.sandbox.journal.report().accepted;
    await eventually('the message that is due', delivered, (count) => count === 1);
    expect(await ready()).toMatchObject({ status: 200 });
    expect(worker.log()).toContain('clock is in sync with Redis again');
    expect(await env.queue.getDelayedCount()).toBe(1);

    // Off again: what its queue had already been asked for is not taken, either.
    aheadMs = HOUR_MS;
    await eventually(
      'the guard to see it',
      async () => (await ready()).status,
      (status) => status === 503,
    );
    await env.send(13);
    await elapse(3_000);
    expect(env.sandbox.journal.report().accepted).toBe(1);
    aheadMs = 0;
    await eventually('the clock to be right', delivered, (count) => count === 2);
  });
});
