import type { Clock } from './clock.ts';

/** Timeouts, in milliseconds. */

/**
 * Returns the result of the work, or of `late` once the limit is exceeded. The work itself continues; a later rejection of
 * it is ignored. Clears its timer.
 */
export async function withTimeout<T, L>(
  work: Promise<T>,
  limitMs: number,
  late: () => L | PromiseLike<L>,
): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late()), Math.max(0, limitMs));
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}

export interface PausableTimeout {
  /** Runs work whose time does not count towards the limit. */
  aside<T>(work: () => Promise<T>): Promise<T>;
  stop(): void;
}

/** Calls `expire` after the limit, not counting the time of work run with `aside`. */
export function pausableTimeout(
  limitMs: number,
  clock: Pick<Clock, 'monotonic'>,
  expire: () => void,
): PausableTimeout {
  let leftMs = limitMs;
  let timer: NodeJS.Timeout | undefined;
  let startedAt = 0;
  const stop = (): void => clearTimeout(timer);
  const start = (): void => {
    startedAt = clock.monotonic();
    // Timers run before I/O: first read a reply that arrived while the event loop was blocked.
    timer = setTimeout(() => setImmediate(expire), leftMs);
  };
  start();
  return {
    stop,
    async aside(work) {
      stop();
      leftMs = Math.max(1, leftMs - (clock.monotonic() - startedAt));
      try {
        return await work();
      } finally {
        start();
      }
    },
  };
}
