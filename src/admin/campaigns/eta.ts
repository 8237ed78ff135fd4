import type { CampaignState } from '../../ledger/campaigns.ts';

/** What limits the pace of a campaign from outside. Times in milliseconds since the epoch by the store's clock. */
export interface CampaignBounds {
  now: number;
  /** The time between two sends of the channel; undefined without a rate. */
  intervalMs: number | undefined;
  /** When the quota's window ends, at the latest; undefined without a quota. */
  windowEnd: number | undefined;
  /** Messages of the channel that wait for their slot. */
  waitingSlot: number;
  /** Whether nothing is sent now: the channel is stopped, or no worker serves it. */
  held: boolean;
}

/**
 * When a campaign will be done at its pace of the last minute, or at the channel's rate if it has not begun. Messages that wait for the
 * next window of a quota count from that window on. Pure.
 * @returns undefined if that cannot be estimated
 */
export function campaignEta(campaign: CampaignState, bounds: CampaignBounds): number | undefined {
  const { state, waiting, underWay, perMinute, sendAt, expiresAt } = campaign;
  if (bounds.held || (state !== 'running' && state !== 'listing')) return undefined;
  const { now, intervalMs = 0, windowEnd } = bounds;
  const recentMs = perMinute > 0 ? 60_000 / perMinute : 0;
  const eachMs = Math.max(recentMs, intervalMs);
  const defers = campaign.message['onQuota'] === 'defer' && windowEnd !== undefined;
  const deferred = defers ? Math.min(underWay, bounds.waitingSlot) : 0;
  const before = waiting + underWay - deferred;
  if (eachMs === 0 && before > 0) return undefined;
  const first = Math.max(now, sendAt) + before * eachMs;
  const last = deferred > 0 ? Math.max(first, windowEnd!) + deferred * intervalMs : first;
  return Math.round(Math.min(last, expiresAt));
}
