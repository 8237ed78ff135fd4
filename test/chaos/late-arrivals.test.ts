import { expect, it } from 'vitest';
import { createLateArrivals } from '../../chaos/late-arrivals.ts';

it('knows a request that was written long before it arrived, and no other', () => {
  const { written, isLate } = createLateArrivals();
  for (const at of [1_000, 8_000]) written({ message: 'kongregate kongregate-1', at });
  written({ message: 'staff staff-1', at: 1_000 });
  expect(isLate('kongregate', { at: 2_900 }, 'kongregate-1')).toBe(false);
  expect(isLate('kongregate', { at: 3_100 }, 'kongregate-1')).toBe(true);
  // It may be the second.
  expect(isLate('kongregate', { at: 8_100 }, 'kongregate-1')).toBe(false);
  expect(isLate('kongregate', { at: 10_100 }, 'kongregate-1')).toBe(true);
  // Of what nobody wrote nothing is excused.
  expect(isLate('kongregate', { at: 900 }, 'kongregate-1')).toBe(false);
  expect(isLate('kongregate', { at: 3_100 }, 'kongregate-2')).toBe(false);
  // Where the platform is asked, it may take until the end of the quiet period.
  expect(isLate('staff', { at: 10_900 }, 'staff-1')).toBe(false);
  expect(isLate('staff', { at: 11_100 }, 'staff-1')).toBe(true);
});
