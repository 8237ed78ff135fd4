import type { Clock } from '../clock.ts';

/**
 * Limits how often the messages that wait for one player's slot look whether it is free: each joins the end of a line, which moves one
 * place every few milliseconds. The slot is looked at often, each time by another of them, and the cost does not grow with their number.
 */
export interface RecheckPacer {
  /** @returns the delay after which this message rechecks, at least `delayMs` */
  join(recipient: string, delayMs: number): number;
}

/** Twenty rechecks of a slot a second, for each worker. A recheck takes about thirty Redis commands. */
const PLACE_MS = 50;
/** Empty lines are dropped when there are this many. */
const MAX_LINES = 1_000;

export function createRecheckPacer(clock: Pick<Clock, 'monotonic'>): RecheckPacer {
  /** When the end of each line is due, by the monotonic clock. */
  const ends = new Map<string, number>();

  function forgetEmpty(now: number): void {
    for (const [recipient, end] of ends) if (end <= now) ends.delete(recipient);
  }

  return {
    join(recipient, delayMs) {
      const now = clock.monotonic();
      if (ends.size >= MAX_LINES && !ends.has(recipient)) forgetEmpty(now);
      const place = Math.max(ends.get(recipient) ?? now, now);
      ends.set(recipient, place + PLACE_MS);
      return Math.ceil(Math.max(delayMs, place - now));
    },
  };
}
