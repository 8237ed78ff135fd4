import { setTimeout as wait } from 'node:timers/promises';

/** Longer than any outage. */
export const TIMEOUT_MS = 60_000;
const AGAIN_MS = 250;

/** A store that refuses (full, a replica, one that loads) is asked again, as an application would. */
export async function persistently<T>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > until) throw error;
      await wait(AGAIN_MS);
    }
  }
}
