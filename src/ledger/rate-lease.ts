import type { ChannelStore } from '../redis/channel-store.ts';
import { isRefusal } from '../redis/errors.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import { type Coalesced, coalesce } from './coalesce.ts';
import { loadScript } from './script.ts';

/**
 * Moments of a channel's rate, taken from the channel's home apart from an admission: in place of those that this process missed and, for a
 * channel over shards, to be handed to its admissions in any shard. Moments that these do not use are kept for the next ones, while
 * they lie ahead. So the rate is exact over all workers and shards, and a shard that has nothing to send takes nothing of it.
 */
export interface RateLease {
  /**
   * @param aheadMs how far ahead they may be used
   * @param fromMs how far ahead they have to be, for a process that reads answers late
   */
  take(count: number, aheadMs: number, fromMs?: number): Promise<Moments>;
  giveBack(moments: readonly number[]): void;
  /** Returns moments that passed, or that nobody waits for, to the store. It takes back those behind which it has given out no other. */
  giveUp(moments: readonly number[]): Promise<void>;
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
  spacing(): Spacing;
  /** How far ahead any worker asks for moments. */
  furthestMs: number;
  /** Of the home. */
  clock: MomentClock;
}

export type MomentClock = Pick<StoreClock, 'now' | 'monotonic' | 'sync' | 'monotonicAt'>;

/** How far apart a worker wants the moments of the rate. No moment of any worker is closer to the next while it is kept. Milliseconds. */
export interface Spacing {
  /** By the rate itself. */
  interval: number;
  /** More than that. */
  widen: number;
  /** For how long the store keeps to `widen`. */
  keep: number;
}

interface Call {
  count: number;
  fromMs: number;
}

const leaseScript = loadScript('lease.lua');
const MOST_JOINED = 100;

export function createRateLease({ home, spacing, furthestMs, clock }: RateLeaseOptions): RateLease {
  let spare: number[] = [];

  async function lease(calls: readonly Call[], ahead: number): Promise<Moments[]> {
    const count = calls.reduce((sum, each) => sum + each.count, 0);
    const from = Math.max(...calls.map(({ fromMs }) => fromMs));
    const request = { op: 'moments', ...spacing(), from, ahead, furthest: furthestMs, count };
    const askedAt = clock.monotonic();
    const reply = ((await home.run(leaseScript, [JSON.stringify(request)])) as string[]).map(Number);
    const [storeMs, ...waits] = reply as [number, ...number[]];
    clock.sync(storeMs, askedAt);
    const [next, ...moments] = waits.map((wait) => clock.monotonicAt(storeMs + wait));
    return calls.map((each) => ({ moments: moments.splice(0, each.count), nextAt: next! }));
  }

  /** Calls are joined by how far ahead they look, so that those that look further find free what lies beyond the others. */
  const joined = new Map<number, Coalesced<Call, Moments>>();
  function joinedWithin(aheadMs: number): Coalesced<Call, Moments> {
    const known = joined.get(aheadMs);
    if (known) return known;
    const options = { max: MOST_JOINED, refusedByStore: isRefusal };
    const made = coalesce((calls: readonly Call[]) => lease(calls, aheadMs), options);
    joined.set(aheadMs, made);
    return made;
  }

  function takeSpare({ count, fromMs }: Call, aheadMs: number): number[] {
    const now = clock.monotonic();
    spare = spare.filter((at) => at >= now);
    const taken = spare.filter((at) => at >= now + fromMs && at <= now + aheadMs).slice(0, count);
    if (taken.length > 0) spare.splice(spare.indexOf(taken[0]!), taken.length);
    return taken;
  }

  return {
    async take(count, aheadMs, fromMs = 0) {
      const kept = takeSpare({ count, fromMs }, aheadMs);
      const missing = count - kept.length;
      if (missing === 0) return { moments: kept, nextAt: kept.at(-1)! + spacing().interval };
      const { moments, nextAt } = await joinedWithin(aheadMs).call({ count: missing, fromMs });
      return { moments: [...kept, ...moments].sort((a, b) => a - b), nextAt };
    },
    giveBack(moments) {
      if (moments.length > 0) spare = [...spare, ...moments].sort((a, b) => a - b);
    },
    async giveUp(moments) {
      const now = clock.now();
      const aheadOfMonotonic = now - clock.monotonicAt(now);
      const missed = moments.map((moment) => moment + aheadOfMonotonic);
      await home.run(leaseScript, [JSON.stringify({ op: 'back', ...spacing(), missed })]);
    },
  };
}
