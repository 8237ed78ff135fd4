import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Spacing } from '../ledger/rate-lease.ts';

/**
 * Keeps a channel's rate where it counts, at the platform. Moments are spaced wider than the rate by a margin, and a request leaves
 * within a tolerance after its moment, or not by that moment. So from the first moment to the last, `max + 1` requests take `per` plus
 * the margin; the part of the margin beyond the tolerance is for the way to the platform.
 */
type Rated = Pick<ChannelConfig, 'rate'>;
export type Rate = NonNullable<Rated['rate']>;

/** The least margin as a share of `per`: 20 ms in a second. */
const LEAST_SHARE = 0.02;
/** The largest margin as a share of `per`, for a process that is often late. */
const MOST_SHARE = 0.16;
/** The margin covers delays of an event loop and a network, which are no longer if `per` is an hour. */
const MOST_MARGIN_MS = 500;
/** The tolerance as a share of the margin. */
const TOLERANCE_SHARE = 0.6;
/** For a `per` below half a second: a turn of the event loop may take this long. */
const LEAST_TOLERANCE_MS = 6;
/** How long moments stay wider apart after a worker asked for that, beyond the window in which its late requests count. */
const KEPT_MS = 5_000;

/** The margins that a worker may choose, ascending. */
export function marginsMs({ perMs }: Rate): [least: number, ...wider: number[]] {
  const least = Math.min(MOST_MARGIN_MS, perMs * LEAST_SHARE);
  const most = Math.min(MOST_MARGIN_MS, perMs * MOST_SHARE);
  return [least, ...[2, 4, 8].map((times) => least * times).filter((margin) => margin <= most)];
}

/** How long after its moment a request may still leave. */
export const toleranceMs = (marginMs: number): number =>
  Math.max(LEAST_TOLERANCE_MS, marginMs * TOLERANCE_SHARE);

/** @param marginMs the least one when absent */
export const spacingOf = (rate: Rate, marginMs: number = marginsMs(rate)[0]): Spacing => ({
  interval: rate.perMs / rate.max,
  widen: marginMs / rate.max,
  keep: 2 * (rate.perMs + KEPT_MS),
});

/** The time between two moments of the channel while no process is late; undefined without a rate. */
export function intervalMs({ rate }: Rated): number | undefined {
  if (!rate) return undefined;
  const { interval, widen } = spacingOf(rate);
  return interval + widen;
}

/** A request that waits for a moment. Instants by the monotonic clock. */
export interface Departure {
  /** The moment in its grant. */
  moment: number;
  /** How many moments it needs. */
  requests: number;
  /** After this, too little of its grant is left. */
  latestAt: number;
}

export interface NextDepartures<D extends Departure> {
  /** Requests that leave now. */
  leaving: D[];
  /** Requests whose grants do not last long enough. */
  late: D[];
  waiting: D[];
  /** Moments not used yet, ascending. */
  moments: number[];
  /** Moments used by the requests that leave. */
  used: number[];
  /** Moments that passed, and are given up. */
  passed: number[];
  /** How many more moments the waiting requests need. */
  missing: number;
}

export interface DepartureLimits {
  /** How long after it a moment may be used, milliseconds. */
  tolerance(moment: number): number;
  /** How many moments have been requested and not received. */
  asked: number;
  /** The store has no further moment before this instant. */
  noneBefore: number;
}

/**
 * Assigns the moments of this process to its requests: the one that was granted first leaves at the next moment, whichever message that
 * moment was granted to. A moment that passed is given up, since a request that used it late would be one too many among those that are
 * on time. A request without a moment waits for another, so that being late costs a busy process part of the rate, but never makes a
 * burst.
 *
 * @param waiting in the order of their grants
 * @param moments ascending
 */
export function depart<D extends Departure>(
  waiting: readonly D[],
  moments: readonly number[],
  now: number,
  { tolerance, asked, noneBefore }: DepartureLimits,
): NextDepartures<D> {
  const left = moments.filter((moment) => moment >= now - tolerance(moment));
  const passed = moments.filter((moment) => moment < now - tolerance(moment));
  const all: NextDepartures<D> = {
    ...{ leaving: [], late: [], waiting: [], moments: left, used: [], passed, missing: 0 },
  };
  let [needed, ready] = [0, true];
  for (const each of waiting) {
    const isShort = needed + each.requests > left.length + asked;
    if (each.latestAt < now || (isShort && each.latestAt < noneBefore)) {
      all.late.push(each);
      continue;
    }
    ready &&= left.length >= each.requests && left[0]! <= now;
    if (ready) {
      all.used.push(...left.splice(0, each.requests));
      all.leaving.push(each);
    } else {
      needed += each.requests;
      all.waiting.push(each);
    }
  }
  all.missing = Math.max(0, needed - left.length - asked);
  return all;
}
