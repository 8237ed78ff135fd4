import type { Clock } from '../clock.ts';

/**
 * Measures how late this process is for its own timers. Prometheus' client for Node resets its figure at each scrape, also at one
 * that timed out because the process was blocked: what is observed here stays.
 */
export interface EventLoopLag {
  start(): void;
  stop(): void;
}

const PERIOD_MS = 100;
/** A block of an hour must not cost an hour's observations. */
const MOST_OBSERVATIONS = 600;

/** @param observe gets seconds, ten times a second */
export function createEventLoopLag(
  clock: Pick<Clock, 'monotonic'>,
  observe: (seconds: number) => void,
): EventLoopLag {
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;

  function fire(): void {
    const now = clock.monotonic();
    for (const lagMs of lagsOf(now - dueAt)) observe(lagMs / 1000);
    dueAt = now + PERIOD_MS;
  }

  return {
    start() {
      dueAt = clock.monotonic() + PERIOD_MS;
      timer ??= setInterval(fire, PERIOD_MS).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/**
 * What the timers that fell due during a lag would have measured, one each period: a single observation would make of six seconds
 * as little as of six milliseconds.
 */
export function lagsOf(lagMs: number): number[] {
  const first = Math.max(0, lagMs);
  const step = Math.max(PERIOD_MS, first / MOST_OBSERVATIONS);
  return Array.from({ length: Math.max(1, Math.ceil(first / step)) }, (_, i) => first - i * step);
}
