import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../src/clock.ts';

/** The end of a fault that the run brought about by a write of its own. */
export interface Undoing {
  /** Whether the fault is over. */
  holds(): Promise<boolean>;
  /** Ends it once more. */
  again(): Promise<unknown>;
  /** It lasted from about one of these instants to the other. */
  onAgain?(from: number, to: number): void;
}

/**
 * Sees to it that faults that were ended stay so. A replica that takes over may have got the fault and not its end, although
 * the end was acknowledged; and a master that was replaced says for a while that it holds, so it is looked at again and again.
 */
export interface Undone {
  keep(undoing: Undoing): void;
  stop(): void;
}

const LOOK_MS = 1_000;

export function keepUndone({ now }: Pick<Clock, 'now'>): Undone {
  const stopping = new AbortController();

  async function keepUp({ holds, again, onAgain }: Undoing): Promise<void> {
    let heldAt = now();
    for (;;) {
      await wait(LOOK_MS, undefined, { signal: stopping.signal });
      const lookedAt = now();
      try {
        if (await holds()) {
          heldAt = lookedAt;
          continue;
        }
        await again();
        onAgain?.(heldAt, now());
      } catch {} // While the store is away nobody knows: it is looked at when it is back.
    }
  }

  return {
    keep: (undoing) => void keepUp(undoing).catch(() => {}), // Stopped.
    stop: () => stopping.abort(),
  };
}
