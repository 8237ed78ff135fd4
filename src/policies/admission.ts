import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Spacing } from '../ledger/rate-lease.ts';
import type { Resolution } from '../platforms/port.ts';
import { policyText } from './quota-change.ts';
import { windowLengthMs, windowTable } from './quota-windows.ts';
import { spacingOf } from './rate.ts';

/**
 * The channel's policies as arguments of the admission script, which only compares and sets. All times in milliseconds. Without a rate,
 * the spacing is absent.
 */
export interface AdmissionPolicy extends Partial<Spacing> {
  quota: boolean;
  /** Starts of the calendar windows around now, ascending; absent for rolling windows. */
  windows?: number[];
  /** Length of a rolling window. */
  rolling?: number;
  /** How long ago the last play may be; absent when eligibility is not checked. */
  playedWithin?: number;
  /** How long plays are kept. */
  playTtl: number;
  /** Whether a recipient without a known play is eligible. */
  sendWhenUnknown: boolean;
  /** How long a grant holds the slot: the request's timeout and a margin to write and to settle. */
  lease: number;
  /** How far ahead the moment of a grant may be: up to this the worker waits in place, beyond it the channel rests. */
  ahead: number;
  /** The budget of attempts of a run. */
  attempts: number;
  /** How long a send in doubt is pursued, and keeps others from its slot. */
  patience: number;
  /** After the deadline of a send in doubt, how long until the platform's "not found" counts. */
  quiet: number;
  /** What is done about a send in doubt (`resolutionOf`). */
  resolution: 'confirm' | 'presume' | 'keep' | 'resend';
  /** The longest time that the platform may mean by its own day. */
  platformDay: number;
  /** The slot policy of this worker's configuration (`policyText`): the store grants only under the same policy. */
  inForce: string;
}

const DAY_MS = 86_400_000;
/** How much longer than the request's timeout a grant lasts: from admission to writing, and from the answer to the settlement. */
export const LEASE_MARGIN_MS = 1_500;
/** How far ahead the moment of a grant may be. */
export const AHEAD_MS = 1_000;
/** The longest time from giving a grant to its deadline. */
export const longestGrantMs = ({ timeoutMs }: ChannelConfig): number =>
  timeoutMs + LEASE_MARGIN_MS + AHEAD_MS;
/** How long a play is kept unless configured: for this long it is known that a player stopped playing. */
const KEPT_PLAYS_MS = 365 * DAY_MS;

/** Older workers announced no `keepPlaysMs`. */
export interface KeptPlays {
  playedWithinMs: number;
  keepPlaysMs?: number | undefined;
}

/** How long a play is kept after it was last recorded or needed. */
export const playTtl = (eligibility: KeptPlays | null | undefined): number =>
  eligibility?.keepPlaysMs ?? Math.max(KEPT_PLAYS_MS, 2 * (eligibility?.playedWithinMs ?? 0));

/** Length of a rolling window, 0 for calendar windows, undefined without a quota. */
export function slotMs({ quota }: ChannelConfig): number | undefined {
  if (!quota) return undefined;
  return quota.boundary === 'rolling' ? windowLengthMs(quota.per) : 0;
}

/** The settings of a channel on which admission depends. */
export type AdmissionSettings = Pick<
  ChannelConfig,
  'quota' | 'rate' | 'timeoutMs' | 'patienceMs' | 'quietPeriodMs' | 'platformDayMs' | 'onUnknown'
> & {
  eligibility: (KeptPlays & { whenUnknown: 'send' | 'suppress' }) | null;
  retry: { attempts: number };
  shards?: number | undefined;
};

/** What is done about a send in doubt. `onUnknown: confirm` stands for the best that the platform allows. */
export function resolutionOf(
  channel: Pick<ChannelConfig, 'onUnknown'>,
  platform: Resolution,
): AdmissionPolicy['resolution'] {
  return channel.onUnknown === 'confirm' ? platform : channel.onUnknown;
}

/**
 * Whether messages may be admitted ahead of free places. By a rate, grants name the moments of their requests. One request at a time goes
 * on with the next message once its own has ended. And if a worker dies, its grants are in doubt, also those that waited for a place: none
 * waits where such a doubt might stay, because it is not resolved by sending again, or no attempt is left for that.
 */
export const admitsAhead = (
  { rate, concurrency, retry }: Pick<ChannelConfig, 'rate' | 'concurrency' | 'retry'>,
  resolution: AdmissionPolicy['resolution'],
): boolean =>
  !rate && concurrency > 1 && retry.attempts > 1 && (resolution === 'presume' || resolution === 'resend');

/** @param around the instant whose windows the table must hold, by the store's clock. */
export function admissionPolicy(
  channel: AdmissionSettings,
  resolution: AdmissionPolicy['resolution'],
  around: number,
): AdmissionPolicy {
  const { quota, eligibility, rate } = channel;
  return {
    quota: quota !== null,
    ...(quota?.boundary === 'calendar' && { windows: windowTable(quota, around) }),
    ...(quota?.boundary === 'rolling' && { rolling: windowLengthMs(quota.per) }),
    ...(eligibility && { playedWithin: eligibility.playedWithinMs }),
    playTtl: playTtl(eligibility),
    sendWhenUnknown: eligibility?.whenUnknown !== 'suppress',
    lease: channel.timeoutMs + LEASE_MARGIN_MS,
    ...(rate && spacingOf(rate)),
    ahead: AHEAD_MS,
    attempts: channel.retry.attempts,
    patience: channel.patienceMs,
    quiet: channel.quietPeriodMs,
    resolution,
    platformDay: channel.platformDayMs,
    inForce: policyText(channel),
  };
}
