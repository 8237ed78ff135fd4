import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDeadlines, SHARED_MS } from '../../src/workers/deadlines.ts';

let now = 0;
const pass = (ms: number): void => {
  now += ms;
  vi.advanceTimersByTime(ms);
};

beforeEach(() => {
  now = 0;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

it.each([0, 1, 100, 249])('aborts by the deadline, and little before it: %d ms into a quarter', (into) => {
  const deadlines = createDeadlines({ monotonic: () => now });
  pass(into);
  const signal = deadlines.signal(now + 1_000);
  pass(1_000 - SHARED_MS);
  expect(signal.aborted).toBe(false);
  pass(SHARED_MS);
  expect(signal.aborted).toBe(true);
});

it('aborts at once what is given after everything was aborted', () => {
  const deadlines = createDeadlines({ monotonic: () => now });
  const before = deadlines.signal(1_000);
  expect(before.aborted).toBe(false);
  deadlines.abortAll();
  expect(before.aborted).toBe(true);
  expect(deadlines.signal(1_000).aborted).toBe(true);
});
