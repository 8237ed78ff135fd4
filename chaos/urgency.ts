import type { Random } from '../src/clock.ts';

/** How urgent something is: a message, or all of those that are handed over together. */
export interface Urgency {
  fields: { priority?: number; sendAt?: string };
  /** Until it may be sent, or 0. */
  waitMs: number;
}

const LEAST_MS = 2_000;
const MOST_MS = 8_000;
const PRIORITIES = 10;

/** @param shares of what has a priority, and of what is for later */
export function urgencyOf(
  shares: { prioritized: number; later: number },
  random: Random,
  now: number,
): Urgency {
  const priority = random() < shares.prioritized ? 1 + Math.floor(random() * PRIORITIES) : 0;
  const waitMs = random() < shares.later ? LEAST_MS + random() * (MOST_MS - LEAST_MS) : 0;
  return {
    fields: {
      ...(priority > 0 && { priority }),
      ...(waitMs > 0 && { sendAt: new Date(Math.ceil(now + waitMs)).toISOString() }),
    },
    waitMs,
  };
}
