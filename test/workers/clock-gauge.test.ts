import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createClockGauge } from '../../src/workers/clock-gauge.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('shows what was measured, and nothing once that is 15 s old', () => {
  const shown: (number | undefined)[] = [];
  const gauge = createClockGauge((offsetMs) => shown.push(offsetMs));
  gauge(3);
  vi.advanceTimersByTime(14_000);
  gauge(4);
  vi.advanceTimersByTime(14_000);
  expect(shown).toEqual([3, 4]);
  vi.advanceTimersByTime(1_000);
  expect(shown).toEqual([3, 4, undefined]);
  gauge(5);
  vi.advanceTimersByTime(60_000);
  expect(shown).toEqual([3, 4, undefined, 5, undefined]);
});
