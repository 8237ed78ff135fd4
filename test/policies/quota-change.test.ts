import { describe, expect, it } from 'vitest';
import type { QuotaConfig } from '../../src/config/channel-schema.ts';
import { policyText, readPolicy, samePolicy, takesOverAt } from '../../src/policies/quota-change.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DAILY: QuotaConfig = { max: 1, per: 'day', timeZone: 'UTC', boundary: 'calendar' };
const ROLLING: QuotaConfig = { ...DAILY, boundary: 'rolling' };
const at = (text: string): number => Date.parse(text);
/** A Wednesday's end in UTC. */
const MIDNIGHT = at('2026-05-07T00:00Z');

describe('policyText', () => {
  it.each([
    [{ quota: null, addressing: 'userId' }],
    [{ quota: DAILY, addressing: 'userId' }],
    [{ quota: { ...ROLLING, per: { ms: 5_000 } }, addressing: 'username' }],
  ])('is read as it was written: %o', (policy) => {
    const text = policyText(policy);
    expect(policyText(readPolicy(text)!)).toBe(text);
    expect(samePolicy(text, policy)).toBe(true);
  });

  it('knows an earlier version’s, which had no addressing', () => {
    const text = '[1,"day","UTC","calendar"]';
    expect(samePolicy(text, { quota: DAILY, addressing: 'username' })).toBe(true);
    expect(samePolicy(text, { quota: ROLLING, addressing: 'username' })).toBe(false);
  });

  it('is another for whatever gives a recipient another slot', () => {
    const text = policyText({ quota: DAILY, addressing: 'userId' });
    for (const changed of [
      { quota: DAILY, addressing: 'username' },
      { quota: { ...DAILY, per: 'week' as const }, addressing: 'userId' },
      { quota: { ...DAILY, timeZone: 'Europe/Berlin' }, addressing: 'userId' },
      { quota: ROLLING, addressing: 'userId' },
      { quota: null, addressing: 'userId' },
    ])
      expect(samePolicy(text, changed)).toBe(false);
    expect(readPolicy('moved to game-2')).toBeUndefined();
  });

  it('is another for another number of shards, whatever the rest', () => {
    const eight = { quota: DAILY, addressing: 'userId', shards: 8 };
    const text = policyText(eight);
    expect(readPolicy(text)).toEqual(eight);
    expect(samePolicy(text, eight)).toBe(true);
    expect(samePolicy(text, { ...eight, shards: 16 })).toBe(false);
    expect(samePolicy(text, { ...eight, shards: undefined })).toBe(false);
    expect(samePolicy(policyText({ ...eight, shards: undefined }), eight)).toBe(false);
    expect(readPolicy(policyText({ quota: null, shards: 2 }))).toEqual({ quota: null, shards: 2 });
  });
});

describe('takesOverAt', () => {
  it.each<[string, QuotaConfig | null, QuotaConfig | null, number, number]>([
    ['a policy that opened no window, at once', DAILY, ROLLING, 0, 0],
    ['no quota, when the last window is over', null, DAILY, MIDNIGHT, MIDNIGHT],
    ['another addressing, when the last window is over', DAILY, DAILY, MIDNIGHT, MIDNIGHT],
    // The day that holds UTC's midnight there began at 10:00 UTC, and may hold a message of the afternoon.
    [
      'a zone whose day holds the old one’s end, at its next day',
      { ...DAILY, timeZone: 'Pacific/Kiritimati' },
      DAILY,
      MIDNIGHT,
      at('2026-05-07T10:00Z'),
    ],
    [
      'and back',
      DAILY,
      { ...DAILY, timeZone: 'Pacific/Kiritimati' },
      at('2026-05-07T10:00Z'),
      at('2026-05-08T00:00Z'),
    ],
    [
      'weeks after days, at the next week',
      { ...DAILY, per: 'week' },
      DAILY,
      MIDNIGHT,
      at('2026-05-11T00:00Z'),
    ],
    ['hours after days, when the day is over', { ...DAILY, per: 'hour' }, DAILY, MIDNIGHT, MIDNIGHT],
    ['a rolling day after a day, a day after its end', ROLLING, DAILY, MIDNIGHT, MIDNIGHT + DAY],
    [
      'a longer rolling window, counted from the last message',
      ROLLING,
      { ...ROLLING, per: 'hour' },
      MIDNIGHT,
      MIDNIGHT + 23 * HOUR,
    ],
    ['a shorter one, when the last window is over', { ...ROLLING, per: 'hour' }, ROLLING, MIDNIGHT, MIDNIGHT],
    ['days after rolling days, when both allow', DAILY, ROLLING, MIDNIGHT + 9 * HOUR, MIDNIGHT + 9 * HOUR],
  ])('%s', (_, next, was, openUntil, expected) => {
    expect(takesOverAt({ quota: next }, { quota: was }, openUntil)).toBe(expected);
  });

  it('what is not known to be rolling may have sent until its end', () => {
    expect(takesOverAt({ quota: ROLLING }, undefined, MIDNIGHT)).toBe(MIDNIGHT + DAY);
  });
});
