/**
 * What was said of a message's requests so far, so that a dead letter whose end is a verdict of the ledger (the patience
 * is over, every attempt is spent) tells what was answered. The ledger has no room for it; so this process only knows
 * what it saw itself, of the latest messages.
 */
export interface LastWords {
  note(message: string, detail: string): void;
  /** Tells and forgets. */
  take(message: string): string | undefined;
}

const REMEMBERED = 10_000;

export function createLastWords(remembered: number = REMEMBERED): LastWords {
  const words = new Map<string, string>();
  return {
    note(message, detail) {
      // Again at the end: a map keeps the order of its making.
      words.delete(message);
      words.set(message, detail);
      if (words.size <= remembered) return;
      const [oldest] = words.keys();
      if (oldest !== undefined) words.delete(oldest);
    },
    take(message) {
      const detail = words.get(message);
      words.delete(message);
      return detail;
    },
  };
}
