import type { Clock } from './clock.ts';

/** Waiting no longer than a limit, in milliseconds. */

/**
 * The result of the work, or what `late` answers once the limit is over. The work itself continues; a rejection that comes too
 * late is dropped. No timer is left behind.
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
  /** Runs work whose time does not count. */
  aside<T>(work: () => Promise<T>): Promise<T>;
  stop(): void;
}

/** Calls `expire` after the limit, for which the time of work done aside does not count. */
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
    // An answer that came while the event loop was blocked is read before: timers go first.
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
