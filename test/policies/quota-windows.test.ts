import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowLengthMs, windowTable } from '../../src/policies/quota-windows.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

type Per = Parameters<typeof windowTable>[0]['per'];

const starts = (per: Per, timeZone: string, around: string): string[] =>
  windowTable({ per, timeZone }, Date.parse(around)).map((start) =>
    new Date(start).toISOString().slice(0, 16),
  );

/** Lengths in hours of the windows before, around and after an instant. */
const hours = (per: Per, timeZone: string, around: string): number[] => {
  const table = windowTable({ per, timeZone }, Date.parse(around));
  return table.slice(1).map((start, i) => (start - table[i]!) / HOUR);
};

describe('calendar days', () => {
  it('begin at midnight of the zone', () => {
    expect(starts('day', 'UTC', '2026-05-05T12:00Z')).toEqual([
      '2026-05-04T00:00',
      '2026-05-05T00:00',
      '2026-05-06T00:00',
      '2026-05-07T00:00',
      '2026-05-08T00:00',
    ]);
    expect(starts('day', 'America/New_York', '2026-07-01T03:59Z')[1]).toBe('2026-06-30T04:00');
    expect(starts('day', 'America/New_York', '2026-07-01T04:00Z')[1]).toBe('2026-07-01T04:00');
  });

  it.each([
    ['Europe/Berlin', 'spring', '2026-03-28T12:00Z', [24, 24, 23, 24]],
    ['Europe/Berlin', 'autumn', '2026-10-24T12:00Z', [24, 24, 25, 24]],
    ['America/New_York', 'spring', '2026-03-07T12:00Z', [24, 24, 23, 24]],
    ['America/New_York', 'autumn', '2026-10-31T12:00Z', [24, 24, 25, 24]],
  ])('have 23 or 25 hours where %s changes its clocks in %s', (zone, _, around, lengths) => {
    expect(hours('day', zone, around)).toEqual(lengths);
  });

  it('hold both instants of the hour that comes twice', () => {
    const first = starts('day', 'Europe/Berlin', '2026-10-25T00:30Z');
    expect(starts('day', 'Europe/Berlin', '2026-10-25T01:30Z')).toEqual(first);
    expect(first[1]).toBe('2026-10-24T22:00');
  });
});

describe('calendar weeks', () => {
  it('begin on Monday', () => {
    expect(starts('week', 'UTC', '2026-05-10T23:59Z')).toEqual([
      '2026-04-27T00:00',
      '2026-05-04T00:00',
      '2026-05-11T00:00',
      '2026-05-18T00:00',
      '2026-05-25T00:00',
    ]);
    expect(starts('week', 'UTC', '2026-05-11T00:00Z')[1]).toBe('2026-05-11T00:00');
  });

  it('are an hour shorter or longer where the clocks change', () => {
    expect(hours('week', 'Europe/Berlin', '2026-03-25T12:00Z')).toEqual([168, 167, 168, 168]);
    expect(hours('week', 'America/New_York', '2026-10-28T12:00Z')).toEqual([168, 169, 168, 168]);
  });
});

it('a day begins at midnight again after one whose midnight the clocks left out', () => {
  expect(starts('day', 'Africa/Cairo', '2026-04-24T10:00Z').slice(1, 3)).toEqual([
    '2026-04-23T22:00',
    '2026-04-24T21:00',
  ]);
});

describe('calendar hours', () => {
  it('follow zones of half an hour', () => {
    expect(starts('hour', 'Asia/Kolkata', '2026-05-05T12:45Z').slice(0, 3)).toEqual([
      '2026-05-05T11:30',
      '2026-05-05T12:30',
      '2026-05-05T13:30',
    ]);
  });

  it('are two where the clocks are put back', () => {
    expect(hours('hour', 'Europe/Berlin', '2026-10-25T00:30Z')).toEqual([1, 1, 1, 1]);
  });
});

describe('windows of a given length', () => {
  it('are laid out from the epoch, whatever the zone', () => {
    const around = Date.parse('2026-05-05T12:00:00.500Z');
    const table = windowTable({ per: { ms: 7_000 }, timeZone: 'Europe/Berlin' }, around);
    expect(table).toHaveLength(5);
    expect(table.every((start) => start % 7_000 === 0)).toBe(true);
    expect(table[1]).toBeLessThanOrEqual(around);
    expect(table[2]).toBeGreaterThan(around);
    expect(table).toEqual(windowTable({ per: { ms: 7_000 }, timeZone: 'UTC' }, around));
  });
});

describe('every table', () => {
  // With clocks that change by half an hour or at midnight, and a day that never was (Apia, 30 December 2011).
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Asia/Beirut',
    'America/Havana',
    'Pacific/Apia',
    'Asia/Kathmandu',
  ];

  it('ascends, holds the instant that it was made for, and is the same for every instant of that window', () => {
    const per = fc.constantFrom<Per>('hour', 'day', 'week', { ms: 5_000 }, { ms: 12 * HOUR });
    const instant = fc.integer({ min: Date.parse('2010-01-01'), max: Date.parse('2040-01-01') });
    fc.assert(
      fc.property(per, fc.constantFrom(...zones), instant, (length, timeZone, around) => {
        const table = windowTable({ per: length, timeZone }, around);
        expect(table).toEqual([...new Set(table)].sort((a, b) => a - b));
        // After a day that never was, the window before is none of its own.
        const own = table.findLastIndex((at) => at <= around);
        expect([0, 1]).toContain(own);
        const [start, next] = [table[own]!, table[own + 1]!];
        expect(next).toBeGreaterThan(around);
        expect(windowTable({ per: length, timeZone }, start)).toEqual(table);
        expect(windowTable({ per: length, timeZone }, next - 1)).toEqual(table);
      }),
      { numRuns: 500, examples: [['day', 'Pacific/Apia', Date.parse('2011-12-30T10:00Z')]] },
    );
  });

  it.each([
    ['Australia/Lord_Howe', '2026-10-03T15:45Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:15Z'],
    ['America/Havana', '2026-03-08T05:30Z'],
    ['Asia/Beirut', '2026-03-28T22:30Z'],
    ['Pacific/Apia', '2011-12-30T09:59Z'],
    ['Pacific/Apia', '2011-12-30T10:01Z'],
  ])('does so around the odd hours of %s, %s', (timeZone, around) => {
    for (const per of ['hour', 'day', 'week'] as const) {
      const table = windowTable({ per, timeZone }, Date.parse(around));
      expect(table).toEqual([...new Set(table)].sort((a, b) => a - b));
      const current = table.findLastIndex((start) => start <= Date.parse(around));
      expect(current).toBeGreaterThanOrEqual(0);
      expect(table.length - 1 - current).toBeGreaterThanOrEqual(1);
    }
  });
});

it('tells the length of a rolling window', () => {
  expect([
    windowLengthMs('hour'),
    windowLengthMs('day'),
    windowLengthMs('week'),
    windowLengthMs({ ms: 42 }),
  ]).toEqual([HOUR, DAY, 7 * DAY, 42]);
});
