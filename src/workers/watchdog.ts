import type { Clock } from '../clock.ts';

/**
 * Detects a worker that is alive and connected but picks up nothing although messages are ready: a known failure of BullMQ
 * workers that only a restart fixes.
 */
export interface Watchdog {
  /** Call with each sample of a channel. */
  observe(channel: string, seen: WatchdogSample): void;
  /** A sentence about a channel of which nothing is picked up, if there is one. */
  stuck(): string | undefined;
}

export interface WatchdogSample {
  /** Messages that a worker could pick up now. */
  ready: number;
  /** Whether this worker should pick one up: it has free concurrency, its clock agrees, the queue is not resting. */
  available: boolean;
  /** When it last picked one up, by the monotonic clock. */
  lastPickupAt: number;
}

const STUCK_AFTER_MS = 60_000;
/** Samples come every five seconds. When they stop (Redis is unreachable, the worker is closing) the last one expires. */
const SAMPLE_VALID_MS = 15_000;

export function createWatchdog(clock: Pick<Clock, 'monotonic'>): Watchdog {
  const waiting = new Map<string, { since: number; seenAt: number }>();
  const isRecent = (seenAt: number): boolean => clock.monotonic() - seenAt < SAMPLE_VALID_MS;

  return {
    observe(channel, { ready, available, lastPickupAt }) {
      const now = clock.monotonic();
      const before = waiting.get(channel);
      if (ready === 0 || !available) waiting.delete(channel);
      else if (before && isRecent(before.seenAt) && lastPickupAt < before.since) before.seenAt = now;
      else waiting.set(channel, { since: now, seenAt: now });
    },
    stuck() {
      const now = clock.monotonic();
      for (const [channel, { since, seenAt }] of waiting) {
        if (isRecent(seenAt) && now - since > STUCK_AFTER_MS)
          return `channel ${channel} has ready messages, and none was picked up for ${STUCK_AFTER_MS / 1000} s`;
      }
      return undefined;
    },
  };
}
