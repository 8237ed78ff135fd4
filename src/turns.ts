import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/**
 * Runs pieces of CPU-bound work one after the other, and yields to the event loop when they have run for some time: however many there
 * are, timers, replies and probes wait for only one of them.
 * @returns the result of the work, or a promise of it if it had to wait for its turn. Throws, or rejects, as the work does
 */
export type Turns = <T>(work: () => T) => T | Promise<T>;

/** How long pieces may run before yielding. Most take a tenth of a millisecond. */
const LONGEST_TURN_MS = 10;

export function createTurns(clock: Pick<Clock, 'monotonic'>): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let spentMs = 0;

  function run<T>(work: () => T): T {
    const startedAt = clock.monotonic();
    try {
      return work();
    } finally {
      spentMs += clock.monotonic() - startedAt;
    }
  }

  async function runAfter<T>(before: Promise<unknown>, work: () => T): Promise<T> {
    await before;
    try {
      if (spentMs >= LONGEST_TURN_MS) {
        await nextTurn();
        spentMs = 0;
      }
      return run(work);
    } finally {
      waiting -= 1;
    }
  }

  return (work) => {
    if (waiting === 0 && spentMs < LONGEST_TURN_MS) return run(work);
    waiting += 1;
    const piece = runAfter(last, work);
    last = piece.catch(() => {});
    return piece;
  };
}

/**
 * Does work for each of the items, in their order. Most need not wait for their turn, and are done without a promise: one for each would
 * cost as much as the work.
 * @throws what the work throws; the items behind are left
 */
export async function eachInTurn<T>(
  items: Iterable<T>,
  turns: Turns,
  work: (item: T) => void,
): Promise<void> {
  for (const item of items) {
    const piece = turns(() => work(item));
    if (piece instanceof Promise) await piece;
  }
}
