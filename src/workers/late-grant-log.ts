import { performance } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';

/** Tells of grants that came too late to be used, and whose fault it was. */
export interface LateGrantLog {
  /** To be called when admission is asked for. @returns to be called when its grant was too late */
  watch(): () => void;
}

/** How much of the time since the last call with its result this process was busy, from 0 to 1. */
export type BusyShare = () => () => number;

const REMIND_MS = 60_000;
/** From here on an answer waited for this process, and not for Redis. */
const BUSY = 0.5;

const TEXTS = {
  redis: 'redis is slow: grants arrive too late to be used and are released',
  process: 'event loop is busy: grants arrive too late to be used and are released',
};

const eventLoopShare: BusyShare = () => {
  const start = performance.eventLoopUtilization();
  return () => performance.eventLoopUtilization(start).utilization;
};

/** At once, and then for each cause at most once a minute, with how many there were. */
export function createLateGrantLog(
  logger: Logger,
  clock: Pick<Clock, 'monotonic'>,
  busyShare: BusyShare = eventLoopShare,
): LateGrantLog {
  const causes = { redis: reminder(clock), process: reminder(clock) };
  return {
    watch() {
      const busy = busyShare();
      return () => {
        const cause = busy() >= BUSY ? 'process' : 'redis';
        const late = causes[cause]();
        if (late !== undefined) logger.warn({ late_grants: late }, TEXTS[cause]);
      };
    },
  };
}

/** @returns how many there were since the last log line, when the next one is due */
function reminder(clock: Pick<Clock, 'monotonic'>): () => number | undefined {
  let loggedAt: number | undefined;
  let count = 0;
  return () => {
    count += 1;
    const now = clock.monotonic();
    if (loggedAt !== undefined && now - loggedAt < REMIND_MS) return undefined;
    const late = count;
    loggedAt = now;
    count = 0;
    return late;
  };
}
