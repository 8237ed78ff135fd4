import type { Clock } from '../clock.ts';
import { Refused } from './errors.ts';

/** Limits failed sign-ins: the secrets cannot be guessed, but each guess asks Redis. */

/** The limit for each address. */
const FAILURES = { max: 60, perMs: 60_000 };
/** How many addresses are remembered; beyond this, the oldest is forgotten. */
const MAX_ADDRESSES = 10_000;

export interface SignInLimit {
  /**
   * Counts an attempt while it is in progress, and afterwards if it found nothing.
   * @param address where it comes from
   * @throws Refused without an attempt, if too many have failed
   */
  run<T>(address: string, find: () => Promise<T | undefined>): Promise<T | undefined>;
}

interface Failures {
  since: number;
  count: number;
}

export function createSignInLimit(clock: Pick<Clock, 'monotonic'>): SignInLimit {
  const known = new Map<string, Failures>();

  function failuresOf(address: string): Failures {
    const now = clock.monotonic();
    const last = known.get(address);
    if (last && now - last.since <= FAILURES.perMs) return last;
    const first = { since: now, count: 0 };
    // Added anew, so that the map is in the order in which they began.
    known.delete(address);
    known.set(address, first);
    if (known.size > MAX_ADDRESSES) known.delete(known.keys().next().value!);
    return first;
  }

  return {
    async run(address, find) {
      const failures = failuresOf(address);
      if (failures.count >= FAILURES.max) throw new Refused(429, 'Too many attempts. Try again in a minute.');
      failures.count += 1;
      let failed = false;
      try {
        const found = await find();
        failed = found === undefined;
        return found;
      } finally {
        if (!failed) failures.count -= 1;
      }
    },
  };
}
