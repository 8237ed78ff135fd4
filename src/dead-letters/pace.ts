import { setTimeout as timeout } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

/** Limits the rate of work evenly, without bursts to catch up. */
export interface Pace {
  /** The batch size that keeps to the rate. */
  readonly batch: number;
  /** Waits until `count` items may start; returns early when the signal is aborted. */
  turn(count: number): Promise<void>;
}

/** Waits, or returns early when the signal is aborted. */
export type Pause = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

export const systemPause: Pause = async (ms, signal) => {
  await timeout(ms, undefined, signal && { signal }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
};

/**
 * Bounds how long a script blocks Redis, to some milliseconds, and how late an interruption takes effect. What a hundred letters need
 * stays in the caches of a CPU: five hundred cost Redis a sixth more each.
 */
const LARGEST_BATCH = 100;
/** At most this many batches a second; below this rate a batch has one item. */
const TURNS = 10;

export interface PaceOptions {
  /** Unlimited when absent. */
  perSecond: number | undefined;
  clock: Pick<Clock, 'monotonic'>;
  pause: Pause;
  signal: AbortSignal | undefined;
}

export function createPace({ perSecond, clock, pause, signal }: PaceOptions): Pace {
  if (perSecond === undefined) return { batch: LARGEST_BATCH, turn: async () => {} };
  let nextAt = clock.monotonic();
  return {
    batch: Math.max(1, Math.min(LARGEST_BATCH, Math.floor(perSecond / TURNS))),
    async turn(count) {
      const waitMs = nextAt - clock.monotonic();
      if (waitMs > 0) await pause(waitMs, signal);
      nextAt = Math.max(nextAt, clock.monotonic()) + (count / perSecond) * 1000;
    },
  };
}
