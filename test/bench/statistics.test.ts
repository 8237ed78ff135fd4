import { expect, it } from 'vitest';
import { percentile, summarise } from '../../bench/statistics.ts';

it('tells the median between two values, and the extremes', () => {
  expect(summarise([3, 1, 10, 2])).toEqual({ median: 2.5, min: 1, max: 10 });
});

it('leaves out what is no number', () => {
  expect(summarise([Number.NaN, 4])).toEqual({ median: 4, min: 4, max: 4 });
  expect(summarise([Number.NaN])).toBeUndefined();
});

it('tells a percentile as the least value that so many do not exceed', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect([percentile(values, 0.5), percentile(values, 0.99)]).toEqual([100, 198]);
  expect(percentile([], 0.5)).toBeNaN();
});
