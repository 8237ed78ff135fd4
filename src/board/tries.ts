import type { Clock } from '../clock.ts';
import { Refused } from './errors.ts';

/** How often somebody may fail to sign in: the secrets cannot be guessed, but each guess asks Redis. */

/** Of an address. */
const FAILURES = { max: 60, perMs: 60_000 };
/** How many addresses are remembered; beyond, the one that began first is forgotten. */
const MAX_ADDRESSES = 10_000;

export interface Tries {
  /**
   * Counts a try while it is under way, and afterwards where it found nothing.
   * @param address that it comes from
   * @throws Refused without a try, where too many have failed
   */
  run<T>(address: string, find: () => Promise<T | undefined>): Promise<T | undefined>;
}

interface Failures {
  since: number;
  count: number;
}

export function createTries(clock: Pick<Clock, 'monotonic'>): Tries {
  const known = new Map<string, Failures>();

  function failuresOf(address: string): Failures {
    const now = clock.monotonic();
    const last = known.get(address);
    if (last && now - last.since <= FAILURES.perMs) return last;
    const first = { since: now, count: 0 };
    // The map is in the order in which they began.
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
