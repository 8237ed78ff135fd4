import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { duration, durationOption, instant, isInstant, parseDuration, parseInstant } from '../src/time.ts';

const AT = '2026-01-31T12:00:00Z';
const at = new Date(AT);

describe('an instant', () => {
  it.each([
    at,
    AT,
    '2026-01-31T13:00:00+01:00',
    '2026-01-31T13:00+0100',
    '2026-02-01T01:30+13:30',
    at.getTime(),
    String(at.getTime()),
  ])('is %s', (value) => expect(parseInstant(value)).toEqual(at));

  it.each([
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-13-31T12:00:00Z',
    '2026-02-31T12:00:00Z',
    '2026-02-29T12:00:00+01:00',
    '2026-01-31T24:00:00Z',
    'soon',
    '',
    '1769860800',
    -1,
    Number.NaN,
    1e17,
    new Date(Number.NaN),
    {},
    null,
    undefined,
  ])('is not %s', (value) => expect(parseInstant(value)).toBeUndefined());

  it('is a number of which a Date can be made', () => {
    expect([0, 8.64e15, -8.64e15].map(isInstant)).toEqual([true, true, true]);
    expect([8.64e15 + 1, 1.8e18, Number.NaN, Number.POSITIVE_INFINITY].map(isInstant)).not.toContain(true);
  });

  it('is a field of a schema', () => {
    const schema = z.object({ at: instant().optional() });
    expect(schema.parse({ at: AT })).toEqual({ at });
    expect(schema.parse({})).toEqual({});
    expect(schema.safeParse({ at: 'soon' }).error?.issues[0]?.message).toMatch(/^expected an ISO instant/);
  });
});

describe('a duration', () => {
  it.each([
    [1500, 1500],
    ['500ms', 500],
    [' 5s ', 5000],
    ['1.5m', 90_000],
    ['12h', 43_200_000],
    ['14d', 1_209_600_000],
    [10_000 / 3, 3_333],
  ])('%s is milliseconds', (value, milliseconds) => expect(parseDuration(value)).toBe(milliseconds));

  it.each(['10', '-5s', '5 fortnights', '', Number.NaN, Number.POSITIVE_INFINITY, null, {}])(
    'is not %s',
    (value) => expect(parseDuration(value)).toBeUndefined(),
  );

  it('is a field of a schema, within its bounds, and has one problem at a time', () => {
    const schema = duration({ from: 10, to: 60_000 });
    const problems = (value: unknown) => schema.safeParse(value).error?.issues.map(({ message }) => message);
    expect(schema.parse('1m')).toBe(60_000);
    expect(problems('10')).toEqual(['expected a duration such as 500ms, 5s, 10m or 14d']);
    expect(problems(5)).toEqual(['expected a duration from 10ms to 1m']);
    expect(problems('2m')).toEqual(['expected a duration from 10ms to 1m']);
  });

  it('is an option of a function, which names it', () => {
    const range = { from: 1, to: 60_000 };
    expect(durationOption('timeout', '10s', range)).toBe(10_000);
    expect(() => durationOption('timeout', '10', range)).toThrow(
      new TypeError('timeout: expected milliseconds or a duration such as 10s, from 1ms to 1m'),
    );
  });
});
