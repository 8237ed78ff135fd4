import type { Clock } from '../clock.ts';

/**
 * Finds the worker that is alive and connected and takes nothing although messages are ready: a state that users of
 * BullMQ know, and that only a restart mends.
 */
export interface Watchdog {
  /** Called with a channel and each sample of it. */
  look(channel: string, seen: Seen): void;
  /** The channel that nothing is taken from, if there is one, for people to read. */
  stuck(): string | undefined;
}

export interface Seen {
  /** Messages that a worker could take now. */
  ready: number;
  /** Whether this worker is to take one: it has room, its clock agrees, the queue is not at rest. */
  willing: boolean;
  /** When it last took one, by the monotonic clock. */
  takenAt: number;
}

const STUCK_AFTER_MS = 60_000;
/** Samples come every five seconds. Where they stop (Redis is away, the worker is closing) nothing is known any more. */
const KNOWN_FOR_MS = 15_000;

export function createWatchdog(clock: Pick<Clock, 'monotonic'>): Watchdog {
  const waiting = new Map<string, { since: number; seenAt: number }>();
  const isKnown = (seenAt: number): boolean => clock.monotonic() - seenAt < KNOWN_FOR_MS;

  return {
    look(channel, { ready, willing, takenAt }) {
      const now = clock.monotonic();
      const before = waiting.get(channel);
      if (ready === 0 || !willing) waiting.delete(channel);
      else if (before && isKnown(before.seenAt) && takenAt < before.since) before.seenAt = now;
      else waiting.set(channel, { since: now, seenAt: now });
    },
    stuck() {
      const now = clock.monotonic();
      for (const [channel, { since, seenAt }] of waiting) {
        if (isKnown(seenAt) && now - since > STUCK_AFTER_MS)
          return `channel ${channel} has ready messages, and none was picked up for ${STUCK_AFTER_MS / 1000} s`;
      }
      return undefined;
    },
  };
}
