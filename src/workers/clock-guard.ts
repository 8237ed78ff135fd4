import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';

/**
 * Keeps a worker from pulling while its clock differs from Redis's: BullMQ delays and promotes by the worker's clock,
 * so such a worker would take messages at the wrong time.
 */
export interface ClockGuard {
  /** Undefined until the first measurement. Milliseconds, positive when this clock is ahead. */
  offsetMs(): number | undefined;
  agrees(): boolean;
  measure(): Promise<void>;
  start(): void;
  stop(): void;
}

export const MAX_OFFSET_MS = 2_000;
const INTERVAL_MS = 2_000;
/** A slower answer tells too little of when the time was read. */
const MAX_ROUND_TRIP_MS = 1_000;

export function createClockGuard(
  redis: Redis,
  clock: Clock,
  onMeasured: (offsetMs: number, agrees: boolean) => void,
): ClockGuard {
  let offset: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let busy = false;
  const agrees = (): boolean => offset !== undefined && Math.abs(offset) <= MAX_OFFSET_MS;

  async function measure(): Promise<void> {
    const askedAt = clock.monotonic();
    const [seconds, micros] = (await redis.time()).map(Number) as [number, number];
    const roundTripMs = clock.monotonic() - askedAt;
    if (roundTripMs > MAX_ROUND_TRIP_MS && offset !== undefined) return;
    offset = Math.round(clock.now() - roundTripMs / 2 - (seconds * 1000 + micros / 1000));
    onMeasured(offset, agrees());
  }

  async function turn(): Promise<void> {
    // While Redis is away a question hangs: the next ones wait for it.
    if (busy) return;
    busy = true;
    await measure().catch(() => {});
    busy = false;
  }

  return {
    offsetMs: () => offset,
    agrees,
    measure,
    start() {
      timer ??= setInterval(() => void turn(), INTERVAL_MS);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
