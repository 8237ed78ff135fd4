import { setTimeout as timeout } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

/** Spreads work evenly over time: so many a second, no catching up in bursts. */
export interface Pace {
  /** How many to take in one go. */
  readonly batch: number;
  /** Waits until so many may go ahead; returns early when the signal is aborted. */
  turn(count: number): Promise<void>;
}

/** Waits, or returns early when the signal is aborted. */
export type Pause = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

export const systemPause: Pause = async (ms, signal) => {
  await timeout(ms, undefined, signal && { signal }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
};

/** A script holds the store for some milliseconds, and an interruption is felt at once. */
const LARGEST_BATCH = 500;
/** Turns a second at most: below this rate one goes at a time. */
const TURNS = 10;

export interface PaceOptions {
  /** As fast as it goes when absent. */
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
