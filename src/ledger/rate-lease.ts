import type { Clock } from '../clock.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { isRefusal } from '../redis/errors.ts';
import { type Coalesced, coalesce } from './coalesce.ts';
import { loadScript } from './script.ts';

/**
 * The rate of a channel over shards. A worker takes moments from the channel's home and hands them to its admissions in any shard. Moments
 * that these do not use are kept for the next ones, while they lie ahead. So the rate is exact over all workers and shards, and a shard
 * that has nothing to send takes nothing of it.
 */
export interface RateLease {
  /** @param aheadMs how far ahead they may be used */
  take(count: number, aheadMs: number): Promise<Moments>;
  giveBack(moments: readonly number[]): void;
}

/** By the monotonic clock. */
export interface Moments {
  /** Ascending; fewer than asked for where the rate allows no more so soon. */
  moments: number[];
  /** When the next moment after these is. */
  nextAt: number;
}

export interface RateLeaseOptions {
  home: Pick<ChannelStore, 'run'>;
  /** Milliseconds between two moments. */
  intervalMs: number;
  /** How far ahead any worker asks for moments. */
  furthestMs: number;
  clock: Pick<Clock, 'monotonic'>;
}

const leaseScript = loadScript('lease.lua');
const MOST_JOINED = 100;

export function createRateLease({ home, intervalMs, furthestMs, clock }: RateLeaseOptions): RateLease {
  let spare: number[] = [];

  async function lease(counts: readonly number[], ahead: number): Promise<Moments[]> {
    const count = counts.reduce((sum, each) => sum + each, 0);
    const request = { op: 'moments', interval: intervalMs, ahead, furthest: furthestMs, count };
    const [next, ...waits] = ((await home.run(leaseScript, [JSON.stringify(request)])) as string[]).map(
      Number,
    );
    // Counted from when the answer came, not from when it was asked for: a moment may be late by the answer's way, but never early.
    const now = clock.monotonic();
    const moments = waits.map((wait) => now + wait);
    return counts.map((each) => ({ moments: moments.splice(0, each), nextAt: now + next! }));
  }

  /** Calls are joined by how far ahead they look, so that those that look further find free what lies beyond the others. */
  const joined = new Map<number, Coalesced<number, Moments>>();
  function joinedWithin(aheadMs: number): Coalesced<number, Moments> {
    const known = joined.get(aheadMs);
    if (known) return known;
    const options = { max: MOST_JOINED, refusedByStore: isRefusal };
    const made = coalesce((counts: readonly number[]) => lease(counts, aheadMs), options);
    joined.set(aheadMs, made);
    return made;
  }

  function takeSpare(count: number, aheadMs: number): number[] {
    const now = clock.monotonic();
    spare = spare.filter((at) => at >= now);
    const near = spare.filter((at) => at <= now + aheadMs).length;
    return spare.splice(0, Math.min(count, near));
  }

  return {
    async take(count, aheadMs) {
      const kept = takeSpare(count, aheadMs);
      const missing = count - kept.length;
      if (missing === 0) return { moments: kept, nextAt: kept.at(-1)! + intervalMs };
      const { moments, nextAt } = await joinedWithin(aheadMs).call(missing);
      return { moments: [...kept, ...moments].sort((a, b) => a - b), nextAt };
    },
    giveBack(moments) {
      if (moments.length > 0) spare = [...spare, ...moments].sort((a, b) => a - b);
    },
  };
}
