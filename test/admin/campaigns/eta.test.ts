import { expect, it } from 'vitest';
import { type CampaignBounds, campaignEta } from '../../../src/admin/campaigns/eta.ts';
import type { CampaignState } from '../../../src/ledger/campaigns.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const DAY = 86_400_000;

const campaign = (fields: Partial<CampaignState> = {}): CampaignState => ({
  id: 'spring',
  state: 'running',
  open: false,
  message: {},
  created: NOW - DAY,
  expiresAt: NOW + 6 * DAY,
  sendAt: 0,
  listed: 1000,
  waiting: 600,
  underWay: 0,
  duplicate: 0,
  ends: [],
  replayed: 0,
  perMinute: 0,
  ...fields,
});

/** In minutes from now. */
function eta(fields: Partial<CampaignState>, bounds: Partial<CampaignBounds> = {}): number | undefined {
  const none = { now: NOW, intervalMs: undefined, windowEnd: undefined, waitingSlot: 0, held: false };
  const at = campaignEta(campaign(fields), { ...none, ...bounds });
  return at === undefined ? undefined : (at - NOW) / MINUTE;
}

it('goes by the pace of the last minute', () => {
  expect(eta({ perMinute: 60 })).toBe(10);
  expect(eta({ perMinute: 60, waiting: 500, underWay: 100 })).toBe(10);
});

it('goes by the rate of the channel where it has not begun, and is never faster', () => {
  expect(eta({}, { intervalMs: 100 })).toBe(1);
  expect(eta({ perMinute: 60_000 }, { intervalMs: 100 })).toBe(1);
  expect(eta({ perMinute: 60 }, { intervalMs: 100 })).toBe(10);
});

it('is not known without a pace, nor while nothing is sent', () => {
  expect(eta({})).toBeUndefined();
  expect(eta({ perMinute: 60 }, { held: true })).toBeUndefined();
  for (const state of ['paused', 'cancelled', 'done'] as const)
    expect(eta({ state, perMinute: 60 })).toBeUndefined();
});

it('counts from its sendAt', () => {
  expect(eta({ sendAt: NOW + 5 * MINUTE }, { intervalMs: 100 })).toBe(6);
});

it('sends what is deferred when the window of the quota has ended', () => {
  const deferred = { waiting: 0, underWay: 600, message: { onQuota: 'defer' } };
  const bounds = { intervalMs: 100, windowEnd: NOW + DAY, waitingSlot: 600 };
  expect(eta(deferred, bounds)).toBe(DAY / MINUTE + 1);
  expect(eta(deferred, { ...bounds, intervalMs: undefined })).toBe(DAY / MINUTE);
  // Dropped, it waits for no window.
  expect(eta({ ...deferred, message: {} }, bounds)).toBe(1);
  // Only what waits for its slot does.
  expect(eta(deferred, { ...bounds, waitingSlot: 0 })).toBe(1);
});

it('is no later than its expiry', () => {
  expect(eta({ perMinute: 1, expiresAt: NOW + 5 * MINUTE })).toBe(5);
});
