import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Resolution } from '../platforms/port.ts';
import { policyText } from './quota-change.ts';
import { windowLengthMs, windowTable } from './quota-windows.ts';

/** The channel's policies as the admission script takes them: it only compares and sets. Milliseconds throughout. */
export interface AdmissionPolicy {
  quota: boolean;
  /** Starts of the calendar windows around now, ascending; absent for rolling windows. */
  windows?: number[];
  /** Length of a rolling window. */
  rolling?: number;
  /** Oldest acceptable play; absent when eligibility is not checked. */
  playedWithin?: number;
  playTtl: number;
  sendWhenUnknown: boolean;
  /** How long a grant holds the slot: the request's timeout and a margin to write and to settle. */
  lease: number;
  /** Between two granted sends; absent without a rate. */
  interval?: number;
  /** How far ahead a grant may lie: the worker waits that long in place, beyond it the channel rests. */
  ahead: number;
  attempts: number;
  patience: number;
  quiet: number;
  resolution: 'confirm' | 'presume' | 'keep' | 'resend';
  /** The longest day that the platform may mean, rolling. */
  platformDay: number;
  /** What slots mean by this worker's configuration; granted is only where the store's is the same. */
  inForce: string;
}

const DAY_MS = 86_400_000;
/** Between admission and writing, and between the answer and the settlement. */
export const LEASE_MARGIN_MS = 1_500;
/** How far ahead a grant may lie. */
export const AHEAD_MS = 1_000;
/** From the moment a grant is given to its deadline, at most. */
export const longestGrantMs = ({ timeoutMs }: ChannelConfig): number =>
  timeoutMs + LEASE_MARGIN_MS + AHEAD_MS;
/** How long a play is kept where nothing else is said: for this long a lapsed player is known to have lapsed. */
const KEPT_PLAYS_MS = 365 * DAY_MS;

/** What is announced of a channel says less than its configuration where an older worker wrote it. */
export interface KeptPlays {
  playedWithinMs: number;
  keepPlaysMs?: number | undefined;
}

/** From when a play was recorded to when it is dropped, if it is neither recorded nor needed again. */
export const playTtl = (eligibility: KeptPlays | null | undefined): number =>
  eligibility?.keepPlaysMs ?? Math.max(KEPT_PLAYS_MS, 2 * (eligibility?.playedWithinMs ?? 0));

/** Length of a rolling window, 0 for calendar windows, undefined without a quota. */
export function slotMs({ quota }: ChannelConfig): number | undefined {
  if (!quota) return undefined;
  return quota.boundary === 'rolling' ? windowLengthMs(quota.per) : 0;
}

/** Between two sends of the channel; undefined without a rate. */
export const intervalMs = ({ rate }: Pick<ChannelConfig, 'rate'>): number | undefined =>
  rate ? rate.perMs / rate.max : undefined;

/** What admission goes by. */
export type AdmissionSettings = Pick<
  ChannelConfig,
  'quota' | 'rate' | 'timeoutMs' | 'patienceMs' | 'quietPeriodMs' | 'platformDayMs' | 'onUnknown'
> & {
  eligibility: (KeptPlays & { whenUnknown: 'send' | 'suppress' }) | null;
  retry: { attempts: number };
  shards?: number | undefined;
};

/** What is done about an unknown send: as the channel is configured, where the platform can. */
export function resolutionOf(
  channel: Pick<ChannelConfig, 'onUnknown'>,
  platform: Resolution,
): AdmissionPolicy['resolution'] {
  return channel.onUnknown === 'confirm' ? platform : channel.onUnknown;
}

/** @param around the instant whose windows the table must hold, by the store's clock. */
export function admissionPolicy(
  channel: AdmissionSettings,
  resolution: AdmissionPolicy['resolution'],
  around: number,
): AdmissionPolicy {
  const { quota, eligibility } = channel;
  const interval = intervalMs(channel);
  return {
    quota: quota !== null,
    ...(quota?.boundary === 'calendar' && { windows: windowTable(quota, around) }),
    ...(quota?.boundary === 'rolling' && { rolling: windowLengthMs(quota.per) }),
    ...(eligibility && { playedWithin: eligibility.playedWithinMs }),
    playTtl: playTtl(eligibility),
    sendWhenUnknown: eligibility?.whenUnknown !== 'suppress',
    lease: channel.timeoutMs + LEASE_MARGIN_MS,
    ...(interval !== undefined && { interval }),
    ahead: AHEAD_MS,
    attempts: channel.retry.attempts,
    patience: channel.patienceMs,
    quiet: channel.quietPeriodMs,
    resolution,
    platformDay: channel.platformDayMs,
    inForce: policyText(channel),
  };
}
