import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Candidate } from '../platforms/port.ts';
import { longestGrantMs } from './admission.ts';

/** Which messages on the platform with the text of a send in doubt may be that send. Pure; milliseconds. */
export interface CandidateBounds {
  /** The doubtful attempt cannot have arrived before this instant. */
  earliest: number;
  /** Nor after this instant, when its deadline and the quiet period are over. */
  latest: number;
  /** A message after this instant may belong to a send that is still in flight, and will claim it. */
  settledBefore: number;
}

export interface SelectedCandidates {
  /** The ids of those that may be the send, oldest first. */
  ids: string[];
  /** Whether there are others that can only be judged later. */
  unsettled: boolean;
}

/** The platform's times are in seconds, and the clocks of worker and store may differ by two seconds. */
const BLUR_MS = 4_000;

export function candidateBounds(channel: ChannelConfig, doubtAt: number, now: number): CandidateBounds {
  const grantMs = longestGrantMs(channel);
  return {
    earliest: doubtAt - grantMs - BLUR_MS,
    latest: doubtAt + grantMs + channel.quietPeriodMs + BLUR_MS,
    settledBefore: now - grantMs - BLUR_MS,
  };
}

export function selectCandidates(
  messages: readonly Candidate[],
  bounds: CandidateBounds,
): SelectedCandidates {
  const possible = messages.filter(({ at }) => at >= bounds.earliest && at <= bounds.latest);
  const settled = possible.filter(({ at }) => at < bounds.settledBefore);
  return {
    ids: settled.toSorted((a, b) => a.at - b.at).map(({ platformMessageId }) => platformMessageId),
    unsettled: settled.length < possible.length,
  };
}

/** How long the platform is asked about a doubt if it could not be asked within `patience` (`patience` in doubts.lua). */
const LONGEST_DOUBT_MS = 86_400_000;

/**
 * How long a claim is remembered: a doubt is pursued for the channel's patience or a day, looks back by one grant, and
 * its last question may take another.
 */
export const claimTtlMs = (channel: ChannelConfig): number =>
  Math.max(channel.patienceMs, LONGEST_DOUBT_MS) + 2 * longestGrantMs(channel) + 60_000;
