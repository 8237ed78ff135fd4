import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';

/**
 * The store's time as known to this worker: the last reading of the store's clock, advanced by the monotonic clock. All
 * decisions about messages use this clock, so that the machine's clock may be stepped while the worker runs.
 */
export interface StoreClock extends Clock {
  /**
   * Synchronizes with a reading of the store's time.
   * @param askedAt monotonic time of the request
   */
  sync(storeMs: number, askedAt: number): void;
  /** The monotonic time at which the store's clock shows an instant, by its fastest answers: never early, rather late. */
  monotonicAt(storeMs: number): number;
  /** How far this machine's clock is ahead of the store's, milliseconds; undefined before the first `sync`. */
  offsetMs(): number | undefined;
  /** Whether the offset is within the tolerance now; false before the first `sync`. */
  agrees(): boolean;
  /** Calls the listener when the result of `agrees` changes. */
  onChange(listener: () => void): void;
}

export const MAX_OFFSET_MS = 2_000;
/** How much faster or slower a clock runs at most while it is being corrected. */
const MOST_DRIFT = 0.0005;
/** With a slower reply, the instant of the reading is too uncertain. */
const MAX_ROUND_TRIP_MS = 1_000;

/** @param clock the machine's own; used until the store's time is known */
export function createStoreClock(clock: Clock): StoreClock {
  let aheadOfMonotonic: number | undefined;
  let fastest: { ahead: number; seenAt: number } | undefined;
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

  /** The store read its time, in whole milliseconds, at some moment between request and answer. */
  function note(storeMs: number, askedAt: number, answeredAt: number): void {
    const [least, most] = [storeMs - answeredAt, storeMs + 1 - askedAt];
    const known = fastest ? fastest.ahead - (answeredAt - fastest.seenAt) * MOST_DRIFT : least;
    // Otherwise the store's clock was set back.
    fastest = { ahead: known <= most ? Math.max(known, least) : least, seenAt: answeredAt };
  }

  return {
    now,
    monotonic: () => clock.monotonic(),
    monotonicAt: (storeMs) => storeMs - (fastest?.ahead ?? now() - clock.monotonic()),
    sync(storeMs, askedAt) {
      const answeredAt = clock.monotonic();
      note(storeMs, askedAt, answeredAt);
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
