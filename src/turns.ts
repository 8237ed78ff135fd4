import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/**
 * Runs pieces of CPU-bound work one after the other, and yields to the event loop when they have run for some time: however
 * many there are, timers, replies and probes wait for one of them only. Rejects with the error that the work throws.
 */
export type Turns = <T>(work: () => T) => Promise<T>;

/** How long pieces may run before yielding. Most take a tenth of a millisecond. */
const LONGEST_TURN_MS = 10;

export function createTurns(clock: Pick<Clock, 'monotonic'>): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let spentMs = 0;

  async function run<T>(work: () => T): Promise<T> {
    if (spentMs >= LONGEST_TURN_MS) {
      await nextTurn();
      spentMs = 0;
    }
    const startedAt = clock.monotonic();
    try {
      return work();
    } finally {
      spentMs += clock.monotonic() - startedAt;
    }
  }

  return (work) => {
    const piece = last.then(() => run(work));
    last = piece.catch(() => {});
    return piece;
  };
}
