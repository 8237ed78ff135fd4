import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface Patience {
  /** Milliseconds; 10 s when absent. */
  withinMs?: number;
  everyMs?: number;
}

/**
 * Looks again and again until the condition holds, and answers with what it then saw. A look that throws counts as one
 * that did not hold: what is watched may be restarting.
 * @throws Error naming what was waited for and what was seen last
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean = Boolean,
  { withinMs = 10_000, everyMs = 15 }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown = 'nothing';
  for (;;) {
    try {
      const seen = await look();
      if (holds(seen)) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${withinMs} ms for ${what}; last seen: ${inspect(last, { depth: 4 })}`);
    }
    await pause(everyMs);
  }
}

/** Lets time pass that is the very thing under test: a rest, a window, an outage. Never a wait for something to happen. */
export const elapse = (ms: number): Promise<void> => pause(ms);
