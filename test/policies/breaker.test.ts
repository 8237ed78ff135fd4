import { expect, it } from 'vitest';
import { breakerRestMs } from '../../src/policies/breaker.ts';

const policy = { failures: 10, restMs: 30_000, capMs: 300_000 };

it('stays closed below its number of failures in a row', () => {
  expect(breakerRestMs(policy, 1, 0)).toBeUndefined();
  expect(breakerRestMs(policy, 9, 0)).toBeUndefined();
});

it('opens with the failure that reaches it, and for those that come after', () => {
  expect(breakerRestMs(policy, 10, 0)).toBe(30_000);
  expect(breakerRestMs(policy, 27, 0)).toBe(30_000);
});

it('doubles the rest with each opening without a success in between, up to the cap', () => {
  expect([1, 2, 3, 4, 5, 1_000].map((opens) => breakerRestMs(policy, 11, opens))).toEqual([
    60_000, 120_000, 240_000, 300_000, 300_000, 300_000,
  ]);
});

it('lets a single failed probe decide once it was open', () => {
  expect(breakerRestMs(policy, 1, 1)).toBe(60_000);
});
