import { expect, it } from 'vitest';
import { createMargin } from '../../src/workers/margin.ts';

const SECOND = 1_000;

/** A process that needs a moment now and then, and how late it uses them. */
function needing({ perMs = SECOND, max = 20, everyMs = 50 } = {}) {
  let now = 0;
  const margin = createMargin({ max, perMs }, { monotonic: () => now });
  function needs(ms: number, lateMs: (i: number) => number): void {
    for (const until = now + ms; now < until; now += everyMs) {
      const late = lateMs(now / everyMs);
      margin.note(late, late <= margin.tolerance(now));
    }
  }
  /** In the window of a second. */
  const marginMs = (): number => margin.spacing().widen * max;
  return { margin, needs, marginMs, now: () => now };
}

it('is the least one where the process is on time, and where it was late once', () => {
  const { needs, marginMs } = needing();
  needs(10 * SECOND, (i) => (i % 100 === 0 ? 300 : 5));
  expect(marginMs()).toBe(20);
});

it('is wider where the process is often late, until that fits into the tolerance', () => {
  const { margin, needs, marginMs, now } = needing();
  needs(20 * SECOND, (i) => (i % 4 === 0 ? 40 : 5));
  expect(marginMs()).toBe(80);
  expect(margin.tolerance(now())).toBe(48);
});

it('is wider also where the process needs a moment a second or fewer', () => {
  const { needs, marginMs } = needing({ max: 1, everyMs: 1_020 });
  needs(60 * SECOND, () => 40);
  expect(marginMs()).toBe(80);
});

it('is the widest at most', () => {
  const { needs, marginMs } = needing();
  needs(30 * SECOND, () => 400);
  expect(marginMs()).toBe(160);
});

it('holds for the moments that were asked for with it, and for none before', () => {
  const { margin, needs, marginMs, now } = needing();
  while (marginMs() === 20) needs(50, () => 40);
  const changedAt = now();
  expect(margin.tolerance(changedAt + 1.5 * SECOND)).toBe(12);
  expect(margin.tolerance(changedAt + 2.5 * SECOND)).toBe(24);
});

it('is the least one again half a minute a step after the process was late last', () => {
  const { margin, needs, marginMs, now } = needing();
  needs(20 * SECOND, (i) => (i % 4 === 0 ? 40 : 5));
  needs(35 * SECOND, () => 5);
  expect(marginMs()).toBe(40);
  expect(margin.tolerance(now())).toBe(24);
  needs(35 * SECOND, () => 5);
  expect(marginMs()).toBe(20);
});

it('stays as it is for a rate of a minute, which is wide enough', () => {
  const { needs, marginMs } = needing({ perMs: 60 * SECOND });
  needs(30 * SECOND, () => 400);
  expect(marginMs()).toBe(500);
});
