import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from '../../src/policies/backoff.ts';

const policy = { baseMs: 5_000, capMs: 600_000 };
const most = (attempt: number): number => backoffMs(policy, attempt, () => 1);

it('doubles its upper bound from attempt to attempt, up to the cap', () => {
  expect([1, 2, 3, 4, 7, 8, 9, 12].map(most)).toEqual([
    5_000, 10_000, 20_000, 40_000, 320_000, 600_000, 600_000, 600_000,
  ]);
});

it('is anywhere between nothing and that bound', () => {
  expect(backoffMs(policy, 3, () => 0)).toBe(0);
  expect(backoffMs(policy, 3, () => 0.25)).toBe(5_000);
  expect(backoffMs(policy, 3, () => 0.9999)).toBeLessThanOrEqual(20_000);
});

it('is a whole number within the cap for every attempt and every chance', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 70_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, chance) => {
        const delay = backoffMs(policy, attempt, () => chance);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(policy.capMs);
      },
    ),
  );
});
