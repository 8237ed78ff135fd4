import { describe, expect, it } from 'vitest';
import { MAX_REST_MS, restMs } from '../../src/platforms/retry-after.ts';

const now = Date.UTC(2026, 9, 21, 7, 28, 0);

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    [' 28.706807374954224 ', 28_707],
    ['.5', 500],
    ['0', 0],
    [3, 3_000],
    [0.0001, 1],
    [-5, 0],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wednesday, 21-Oct-26 07:28:30 GMT', 30_000],
    ['Wed Oct 21 07:28:30 2026', 30_000],
    ['Wed, 21 Oct 2026 07:00:00 GMT', 0],
    ['99999999999', MAX_REST_MS],
    [1e300, MAX_REST_MS],
    ['Fri, 31 Dec 9999 23:59:59 GMT', MAX_REST_MS],
  ])('%s is %i ms', (value, ms) => {
    expect(restMs(value, now)).toBe(ms);
  });

  it.each([
    undefined,
    null,
    '',
    'soon',
    '-5',
    '1e9',
    '5 apples',
    '2026-10-21',
    'Wed, 99 Oct 2026 99:99:99 GMT',
    Number.NaN,
    {},
  ])('%s says nothing', (value) => {
    expect(restMs(value, now)).toBeUndefined();
  });
});
