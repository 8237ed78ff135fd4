import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';

/**
 * The store's time as this worker knows it: what the store last said, carried on by the monotonic clock. Whatever a worker
 * decides about a message by the time of day it decides by this clock, so that its own may be stepped while it runs.
 */
export interface StoreClock extends Clock {
  /**
   * Takes in a reading of the store's time.
   * @param askedAt monotonic time at which it was asked
   */
  heard(storeMs: number, askedAt: number): void;
  /** How far this machine's clock is ahead of the store's, milliseconds; undefined before the store was heard. */
  offsetMs(): number | undefined;
  /** Whether the two are near enough to each other, now; false before the store was heard. */
  agrees(): boolean;
  /** Called where `agrees` finds another answer than the last time. */
  onChange(listener: () => void): void;
}

export const MAX_OFFSET_MS = 2_000;
/** A slower answer says too little about when the time was read. */
const MAX_ROUND_TRIP_MS = 1_000;

/** @param clock the machine's own; used until the store's time is known */
export function createStoreClock(clock: Clock): StoreClock {
  let aheadOfMonotonic: number | undefined;
  let agreed: boolean | undefined;
  const listeners: (() => void)[] = [];
  const now = (): number =>
    aheadOfMonotonic === undefined ? clock.now() : Math.round(aheadOfMonotonic + clock.monotonic());
  const offsetMs = (): number | undefined =>
    aheadOfMonotonic === undefined ? undefined : Math.round(clock.now() - now());

  function agrees(): boolean {
    const offset = offsetMs();
    if (offset === undefined) return false;
    const agree = Math.abs(offset) <= MAX_OFFSET_MS;
    const changed = agree !== agreed;
    agreed = agree;
    if (changed) for (const listener of listeners) listener();
    return agree;
  }

  return {
    now,
    monotonic: () => clock.monotonic(),
    heard(storeMs, askedAt) {
      const answeredAt = clock.monotonic();
      if (aheadOfMonotonic !== undefined && answeredAt - askedAt > MAX_ROUND_TRIP_MS) return;
      aheadOfMonotonic = storeMs - (askedAt + answeredAt) / 2;
      agrees();
    },
    offsetMs,
    agrees,
    onChange: (listener) => void listeners.push(listener),
  };
}

/** The store's time, which the ledger goes by: milliseconds since the epoch. */
export async function storeTime(redis: Redis): Promise<number> {
  const [seconds, micros] = (await redis.time()).map(Number) as [number, number];
  return seconds * 1000 + Math.floor(micros / 1000);
}
