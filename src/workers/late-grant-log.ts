import { performance } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';

/** Logs grants that came too late to be used, and the cause. */
export interface LateGrantLog {
  /** Call when admission is requested. @returns a function to call if its grant was too late */
  watch(): () => void;
}

/** The share of time, from 0 to 1, that this process was busy since the given reading. */
export type BusyShare = () => () => number;

const REMIND_MS = 60_000;
/** Above this share, the delay was in this process, not in Redis. */
const BUSY = 0.5;
/** For so long admissions share a reading, which would cost more than it is worth for each. */
const SHARED_MS = 50;

const TEXTS = {
  redis: 'redis is slow: grants arrive too late to be used and are released',
  process: 'event loop is busy: grants arrive too late to be used and are released',
};

const eventLoopShare: BusyShare = () => {
  const start = performance.eventLoopUtilization();
  return () => performance.eventLoopUtilization(start).utilization;
};

/** Logs each cause at once, then at most once a minute with a count. */
export function createLateGrantLog(
  logger: Logger,
  clock: Pick<Clock, 'monotonic'>,
  busyShare: BusyShare = eventLoopShare,
): LateGrantLog {
  const causes = { redis: reminder(clock), process: reminder(clock) };
  let shared = (): void => {};
  let readAt = Number.NEGATIVE_INFINITY;

  function watched(busy: () => number): () => void {
    return () => {
      const cause = busy() >= BUSY ? 'process' : 'redis';
      const late = causes[cause]();
      if (late !== undefined) logger.warn({ late_grants: late }, TEXTS[cause]);
    };
  }

  return {
    watch() {
      const now = clock.monotonic();
      if (now - readAt < SHARED_MS) return shared;
      readAt = now;
      shared = watched(busyShare());
      return shared;
    },
  };
}

/** @returns the count since the last log line, if the next one is due */
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
