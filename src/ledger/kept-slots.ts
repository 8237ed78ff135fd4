import { type Remembered, recall } from './marks.ts';

/**
 * The slots that a worker remembers, by message: what became of it last. A single map from which as much is deleted as is put in takes
 * four times as long: its table, of tens of thousands, is made anew again and again, and each collection has to look where it points. So
 * every few thousand have a map of their own, which is forgotten as a whole.
 */
export interface KeptSlots {
  /** Supersedes what is kept of the message. */
  keep(message: string, slot: Remembered): void;
  get(message: string): Remembered | undefined;
  delete(message: string): void;
  /** Forgets what was settled before `since` (monotonic), and the oldest ones, so that at least `most` are left, and few thousand more. */
  forget(since: number, most: number): void;
  /** One for each message, the oldest first. */
  all(): Remembered[];
}

/** So many are forgotten together. The table of a map of more would be too large for the young generation. */
const TOGETHER = 4_096;

export function createKeptSlots(): KeptSlots {
  /** The oldest first. A message may be in several: its latest slot counts. */
  const maps: Map<string, Remembered>[] = [];

  function latestMap(): Map<string, Remembered> {
    const latest = maps.at(-1);
    if (latest !== undefined && latest.size < TOGETHER) return latest;
    const opened = new Map<string, Remembered>();
    maps.push(opened);
    return opened;
  }

  return {
    keep(message, slot) {
      const slots = latestMap();
      const before = slots.size;
      slots.set(message, slot);
      if (slots.size > before) return;
      // It took the place of an earlier one, and belongs at the end.
      slots.delete(message);
      slots.set(message, slot);
    },
    get: (message) => maps.findLast((slots) => slots.has(message))?.get(message),
    delete(message) {
      for (const slots of maps) slots.delete(message);
    },
    forget(since, most) {
      let size = maps.reduce((sum, slots) => sum + slots.size, 0);
      for (let oldest = maps[0]; oldest !== undefined; oldest = maps[0]) {
        if (size - oldest.size < most) {
          deleteBefore(since, oldest);
          if (oldest.size > 0) return;
        }
        size -= oldest.size;
        maps.shift();
      }
    },
    all() {
      const latest = new Map<string, Remembered>();
      for (const [message, slot] of maps.flatMap((slots) => [...slots])) {
        latest.delete(message);
        latest.set(message, slot);
      }
      return [...latest.values()];
    },
  };
}

function deleteBefore(since: number, slots: Map<string, Remembered>): void {
  for (const [message, slot] of slots) {
    if (recall(slot).at >= since) return;
    slots.delete(message);
  }
}
