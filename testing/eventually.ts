import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { slowness } from './slowness.ts';

export interface Patience {
  /** Milliseconds of an idle machine (30 s when absent); a slow or busy one is given more, see `slowness`. */
  withinMs?: number;
  everyMs?: number;
}

/**
 * Looks repeatedly until the condition holds, and returns what it then saw. A look that throws counts as not holding, since what is
 * watched may be restarting.
 * @throws Error naming what was waited for and what was seen last
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean = Boolean,
  { withinMs = 30_000, everyMs = 15 }: Patience = {},
): Promise<T> {
  const startedAt = performance.now();
  let patience = withinMs;
  let lookedAt = startedAt;
  let last: unknown = 'nothing';
  for (;;) {
    try {
      const seen = await look();
      if (holds(seen)) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    const now = performance.now();
    patience -= (now - lookedAt) / slowness();
    lookedAt = now;
    if (patience < 0) {
      const waited = `waited ${Math.round(now - startedAt)} ms (${withinMs} of an idle machine)`;
      throw new Error(`${waited} for ${what}; last seen: ${inspect(last, { depth: 4 })}`);
    }
    await pause(everyMs);
  }
}

/** Lets time pass that is itself under test: a rest, a window, an outage. Never use it to wait for something to happen. */
export const elapse = (ms: number): Promise<void> => pause(ms);
