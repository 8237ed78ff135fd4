import type { Clock } from '../clock.ts';

/**
 * Keeps messages that wait for one player's slot from looking at it all the time: each joins the end of a line that
 * moves one place in this many milliseconds. Some message rechecks often, whichever it is, and the cost does not grow
 * with the number of those who wait.
 */
export interface RecheckPacer {
  /** @returns when this one is to look again, at the earliest after `delayMs` */
  join(recipient: string, delayMs: number): number;
}

/** Twenty looks a second at one slot, for each worker. A look costs some thirty commands of Redis. */
const PLACE_MS = 50;
/** Empty lines are dropped when there are this many. */
const MOST_LINES = 1_000;

export function createRecheckPacer(clock: Pick<Clock, 'monotonic'>): RecheckPacer {
  /** Where each line ends, by the monotonic clock. */
  const ends = new Map<string, number>();

  function forgetEmpty(now: number): void {
    for (const [recipient, end] of ends) if (end <= now) ends.delete(recipient);
  }

  return {
    join(recipient, delayMs) {
      const now = clock.monotonic();
      if (ends.size >= MOST_LINES && !ends.has(recipient)) forgetEmpty(now);
      const place = Math.max(ends.get(recipient) ?? now, now);
      ends.set(recipient, place + PLACE_MS);
      return Math.ceil(Math.max(delayMs, place - now));
    },
  };
}
