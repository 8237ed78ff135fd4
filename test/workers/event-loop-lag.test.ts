import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEventLoopLag, lagsOf } from '../../src/workers/event-loop-lag.ts';
import { eventually } from '../../testing/eventually.ts';

it('counts a lag for every timer that it delays', () => {
  expect(lagsOf(-3)).toEqual([0]);
  expect(lagsOf(2)).toEqual([2]);
  expect(lagsOf(100)).toEqual([100]);
  expect(lagsOf(250)).toEqual([250, 150, 50]);
  const hour = lagsOf(3_600_000);
  expect(hour).toHaveLength(600);
  expect([hour[0], hour.at(-1)]).toEqual([3_600_000, 6_000]);
});

it('measures a blocked event loop, and nothing once it is stopped', async () => {
  const seconds: number[] = [];
  const lag = createEventLoopLag(systemClock, (each) => seconds.push(each));
  lag.start();
  await eventually(
    'a first measurement',
    () => seconds.length,
    (count) => count > 0,
  );
  const blockedAt = systemClock.monotonic();
  while (systemClock.monotonic() - blockedAt < 300);
  await eventually(
    'the block',
    () => Math.max(...seconds),
    (longest) => longest >= 0.2,
  );
  lag.stop();
  const measured = seconds.length;
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(seconds).toHaveLength(measured);
});
