import type { Redis } from 'ioredis';
import { type StoreClock, storeTime } from './store-clock.ts';

/**
 * Keeps a worker from picking up jobs while its clock differs from that of Redis: BullMQ delays and promotes jobs by the worker's
 * clock, so it would pick them up at the wrong time. Measures every two seconds; in between, each admission and each job picked up
 * detects a clock that was stepped.
 */
export interface ClockGuard {
  /** Undefined until the first measurement. Milliseconds, positive when this clock is ahead. */
  offsetMs(): number | undefined;
  agrees(): boolean;
  measure(): Promise<void>;
  start(): void;
  stop(): void;
}

const INTERVAL_MS = 2_000;

/** @param onMeasured is called with every measurement, and on a change in between */
export function createClockGuard(
  redis: Redis,
  clock: StoreClock,
  onMeasured: (offsetMs: number, agrees: boolean) => void,
): ClockGuard {
  let timer: NodeJS.Timeout | undefined;
  let busy = false;
  let changed = false;
  const report = (): void => onMeasured(clock.offsetMs() ?? 0, clock.agrees());
  clock.onChange(() => {
    changed = true;
    report();
  });

  async function measure(): Promise<void> {
    const askedAt = clock.monotonic();
    const storeMs = await storeTime(redis);
    changed = false;
    clock.sync(storeMs, askedAt);
    if (!changed) report();
  }

  async function tick(): Promise<void> {
    // While Redis is unreachable the command hangs: skip the following ticks.
    if (busy) return;
    busy = true;
    await measure().catch(() => {});
    busy = false;
  }

  return {
    offsetMs: () => clock.offsetMs(),
    agrees: () => clock.agrees(),
    measure,
    start() {
      timer ??= setInterval(() => void tick(), INTERVAL_MS);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
