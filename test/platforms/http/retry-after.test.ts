import { describe, expect, it } from 'vitest';
import { MAX_REST_MS, MIN_REST_MS, restMs } from '../../../src/platforms/http/retry-after.ts';

const now = Date.UTC(2026, 9, 21, 7, 28, 0);

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    [' 28.706807374954224 ', 28_707],
    ['.5', 500],
    [3, 3_000],
    [0.0001, MIN_REST_MS],
    ['.01', MIN_REST_MS],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wednesday, 21-Oct-26 07:28:30 GMT', 30_000],
    ['Wed Oct 21 07:28:30 2026', 30_000],
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
    Number.POSITIVE_INFINITY,
    {},
    [],
    ['soon', null],
  ])('%s says nothing', (value: unknown) => {
    expect(restMs(value, now)).toBeUndefined();
  });

  it.each(['0', '0.0', 0, -5, 'Wed, 21 Oct 2026 07:00:00 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT'])(
    '%s names no time to wait for, and is never a rest of nothing',
    (value) => {
      expect(restMs(value, now)).toBeUndefined();
    },
  );

  it.each([
    ['two headers', ['5', '120'], 120_000],
    ['two headers, one of them unreadable', ['soon', '5'], 5_000],
    ['two headers, one a date', ['5', 'Wed, 21 Oct 2026 07:28:30 GMT'], 30_000],
    ['two that a proxy made one', '5, 120', 120_000],
    ['two that a proxy made one, with dates', 'Wed, 21 Oct 2026 07:28:30 GMT, 5', 30_000],
    ['two that a proxy made one, dates last', '5, Wednesday, 21-Oct-26 07:28:30 GMT', 30_000],
    ['zero beside a time', ['0', '7'], 7_000],
  ])('%s: the longest holds', (_, value, ms) => {
    expect(restMs(value, now)).toBe(ms);
  });
});
