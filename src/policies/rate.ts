import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Spacing } from '../ledger/rate-lease.ts';

/**
 * What keeps a channel's rate where it counts, at the platform. Moments are a little wider apart than the rate, by a margin; a request
 * leaves within a tolerance after its moment, or not by it. So `max + 1` requests take `per` and the margin from the first
 * moment to the last, and what is left of the margin beyond the tolerance is for the way to the platform.
 */
type Rated = Pick<ChannelConfig, 'rate'>;
export type Rate = NonNullable<Rated['rate']>;

/** Of `per`: 20 ms in a second. */
const LEAST_SHARE = 0.02;
/** The margin of a process that is often late. */
const MOST_SHARE = 0.16;
/** What has to be borne are delays of an event loop and of a network: a rate of an hour has no longer ones. */
const MOST_MARGIN_MS = 500;
/** Of the margin. */
const TOLERANCE_SHARE = 0.6;
/** For a `per` below half a second: less is less than a turn of the event loop may take. */
const LEAST_TOLERANCE_MS = 6;
/** For how long after a worker has asked for them moments stay wider apart, beyond the window in which its late requests count. */
const KEPT_MS = 5_000;

/** The margins that a worker may choose, ascending. */
export function marginsMs({ perMs }: Rate): [least: number, ...wider: number[]] {
  const least = Math.min(MOST_MARGIN_MS, perMs * LEAST_SHARE);
  const most = Math.min(MOST_MARGIN_MS, perMs * MOST_SHARE);
  return [least, ...[2, 4, 8].map((times) => least * times).filter((margin) => margin <= most)];
}

/** For how long after its moment a request may still leave by it. */
export const toleranceMs = (marginMs: number): number =>
  Math.max(LEAST_TOLERANCE_MS, marginMs * TOLERANCE_SHARE);

/** @param marginMs the least one when absent */
export const spacingOf = (rate: Rate, marginMs: number = marginsMs(rate)[0]): Spacing => ({
  interval: rate.perMs / rate.max,
  widen: marginMs / rate.max,
  keep: 2 * (rate.perMs + KEPT_MS),
});

/** Between two moments of the channel, where no process is late; undefined without a rate. */
export function intervalMs({ rate }: Rated): number | undefined {
  if (!rate) return undefined;
  const { interval, widen } = spacingOf(rate);
  return interval + widen;
}

/** A request that waits for a moment. Instants by the monotonic clock. */
export interface Departure {
  /** That it was granted. */
  moment: number;
  /** How many moments it takes. */
  requests: number;
  /** Later, too little of its grant is left. */
  latestAt: number;
}

export interface NextDepartures<D extends Departure> {
  /** They leave now. */
  leaving: D[];
  /** They cannot leave by their grants any more. */
  late: D[];
  waiting: D[];
  /** Not used yet, ascending. */
  moments: number[];
  /** Used by those that leave. */
  used: number[];
  /** Given up. */
  passed: number[];
  /** How many are missing for those that wait. */
  missing: number;
}

export interface DepartureLimits {
  /** For how long a moment holds, milliseconds. */
  tolerance(moment: number): number;
  /** How many moments have been asked for. */
  asked: number;
  /** The store has no further moment before this instant. */
  noneBefore: number;
}

/**
 * Lets requests leave by the moments of this process: the one that was granted first by the next moment, whosever it was. A moment that
 * passed is given up: a request that left late by it would be one too many in the time in which others leave by theirs. A
 * request that finds none left waits for another, so that the tardiness of a busy process costs it a part of the rate and
 * never makes a burst.
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
