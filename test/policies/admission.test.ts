import { describe, expect, it } from 'vitest';
import {
  admissionPolicy,
  admitsAhead,
  LEASE_MARGIN_MS,
  playTtl,
  resolutionOf,
  slotMs,
} from '../../src/policies/admission.ts';
import { channelConfig } from '../config/channel-config.ts';

const DAY = 86_400_000;
const NOON = Date.parse('2026-05-05T12:00Z');
const policyOf = (fields: Record<string, unknown>) => admissionPolicy(channelConfig(fields), 'presume', NOON);

describe('admissionPolicy', () => {
  it('turns a channel’s configuration into the script’s arguments, in milliseconds', () => {
    const fields = {
      eligibility: { playedWithin: '10d', whenUnknown: 'suppress' },
      quota: { per: 'day', timeZone: 'UTC', boundary: 'calendar' },
      rate: { max: 4, per: '1s' },
      timeout: '8s',
      retry: { attempts: 5, base: '1s', cap: '1m' },
      quietPeriod: '30s',
      patience: '5m',
      platformDay: '30h',
    };
    expect(policyOf(fields)).toEqual({
      quota: true,
      windows: [-1, 0, 1, 2, 3].map((day) => Date.parse('2026-05-05') + day * DAY),
      playedWithin: 10 * DAY,
      playTtl: 365 * DAY,
      sendWhenUnknown: false,
      lease: 8_000 + LEASE_MARGIN_MS,
      ...{ interval: 250, widen: 5, keep: 12_000 },
      ahead: 1_000,
      attempts: 5,
      patience: 300_000,
      quiet: 30_000,
      resolution: 'presume',
      platformDay: 30 * 3_600_000,
      inForce: '[1,"day","UTC","calendar","userId"]',
    });
  });

  it('gives a rolling window its length and no table', () => {
    const policy = policyOf({ quota: { per: 'day', boundary: 'rolling' } });
    expect(policy).toMatchObject({ quota: true, rolling: DAY });
    expect(policy).not.toHaveProperty('windows');
  });

  it('leaves out what the channel does not have, down to the JSON', () => {
    const policy = policyOf({ eligibility: false, quota: false, rate: false });
    expect(policy).toMatchObject({ quota: false, sendWhenUnknown: true });
    const sent = JSON.parse(JSON.stringify(policy));
    for (const field of ['windows', 'rolling', 'playedWithin', 'interval'])
      expect(sent).not.toHaveProperty(field);
  });

  it('spaces a rate below one a millisecond and above one a minute', () => {
    expect(policyOf({ rate: { max: 5_000, per: '1s' } }).interval).toBe(0.2);
    expect(policyOf({ rate: { max: 1, per: '2m' } }).interval).toBe(120_000);
  });
});

describe('slotMs', () => {
  it('is the window’s length when rolling, 0 for the calendar, nothing without a quota', () => {
    expect(slotMs(channelConfig({ quota: { per: 'hour', boundary: 'rolling' } }))).toBe(3_600_000);
    expect(slotMs(channelConfig({ quota: { per: '5m', boundary: 'rolling' } }))).toBe(300_000);
    expect(slotMs(channelConfig({ quota: true }))).toBe(0);
    expect(slotMs(channelConfig({ quota: false }))).toBeUndefined();
  });
});

describe('resolutionOf', () => {
  it.each([
    ['confirm', 'confirm', 'confirm'],
    ['confirm', 'presume', 'presume'],
    ['confirm', 'keep', 'keep'],
    ['keep', 'confirm', 'keep'],
    ['keep', 'presume', 'keep'],
    ['resend', 'presume', 'resend'],
    ['resend', 'keep', 'resend'],
  ] as const)('configured %s on a platform that can %s: %s', (onUnknown, platform, expected) => {
    expect(resolutionOf(channelConfig({ onUnknown }), platform)).toBe(expected);
  });
});

it('keeps a play for a year, longer where it counts for longer, or as long as the channel says', () => {
  expect(playTtl({ playedWithinMs: 14 * DAY })).toBe(365 * DAY);
  expect(playTtl(null)).toBe(365 * DAY);
  expect(playTtl({ playedWithinMs: 300 * DAY })).toBe(600 * DAY);
  expect(playTtl({ playedWithinMs: DAY, keepPlaysMs: 30 * DAY })).toBe(30 * DAY);
});

describe('admitsAhead', () => {
  const ahead = (
    fields: Record<string, unknown>,
    resolution: Parameters<typeof admitsAhead>[1] = 'presume',
  ): boolean => admitsAhead(channelConfig({ rate: false, ...fields }), resolution);

  it('holds for a channel without a rate, whose doubts are resolved by sending again', () => {
    expect([ahead({}), ahead({}, 'resend')]).toEqual([true, true]);
  });

  it.each<[string, boolean]>([
    ['by a rate', ahead({ rate: { max: 1_000, per: '1s' } })],
    ['with one request at a time', ahead({ concurrency: 1 })],
    ['with a single attempt', ahead({ retry: { attempts: 1, base: '1s', cap: '1m' } })],
    ['where a doubt is kept', ahead({}, 'keep')],
    ['where the platform is asked, which may not know of all messages', ahead({}, 'confirm')],
  ])('does not hold %s', (_, holds) => {
    expect(holds).toBe(false);
  });
});
