import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Candidate } from '../platforms/port.ts';
import { longestGrantMs } from './admission.ts';

/** Which of the messages that read like a doubtful one can be it. Pure; milliseconds. */
export interface CandidateBounds {
  /** The doubtful attempt cannot have arrived before this instant. */
  earliest: number;
  /** Nor after this one: its deadline and the quiet period are over. */
  latest: number;
  /** Later ones may belong to a send that is still in flight and will claim them itself. */
  settledBefore: number;
}

export interface SelectedCandidates {
  /** The ids of those that may be it, oldest first. */
  ids: string[];
  /** Some can only be judged later. */
  unsettled: boolean;
}

/** The times of the platform are read to the second, and the clocks of worker and store may differ by two. */
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

/** A doubt that could not be asked about in time is still asked about for this long (`patience` in admit.lua). */
const LONGEST_DOUBT_MS = 86_400_000;

/**
 * How long a claim is remembered: a doubt is pursued for the channel's patience or a day, looks back by one grant, and
 * its last question may take another.
 */
export const claimTtlMs = (channel: ChannelConfig): number =>
  Math.max(channel.patienceMs, LONGEST_DOUBT_MS) + 2 * longestGrantMs(channel) + 60_000;
