import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';

const REMIND_MS = 60_000;

/** Tells of grants that came too late to be used, at once and then at most once a minute, with how many there were. */
export function createLateGrantLog(logger: Logger, clock: Pick<Clock, 'monotonic'>): () => void {
  let toldAt: number | undefined;
  let late = 0;

  return () => {
    late += 1;
    const now = clock.monotonic();
    if (toldAt !== undefined && now - toldAt < REMIND_MS) return;
    logger.warn({ late_grants: late }, 'redis is slow: grants come too late to be used, and are given back');
    toldAt = now;
    late = 0;
  };
}
