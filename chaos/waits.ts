/** What a run waits for, by name: told when it takes too long. */
export interface Waits {
  /** Resolves and rejects as the work does. */
  track<T>(what: string, work: Promise<T>): Promise<T>;
  /** In the order in which they began. */
  readonly names: readonly string[];
}

export function createWaits(): Waits {
  const waiting = new Set<{ what: string }>();
  return {
    async track(what, work) {
      const entry = { what };
      waiting.add(entry);
      try {
        return await work;
      } finally {
        waiting.delete(entry);
      }
    },
    get names() {
      return [...waiting].map(({ what }) => what);
    },
  };
}
