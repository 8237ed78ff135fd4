/**
 * How far an endpoint is in a channel's receipts: several requests are in flight at a time, and end in any order. Pure.
 */

/** What has to be stored to resume after a crash. */
export interface Position {
  /** A cursor of `followReceipts`, or the instant at which the endpoint began, in milliseconds: everything before it is finished. */
  after: string;
  /** The ids of finished receipts after it, which are not posted again. */
  ahead: readonly string[];
  /** The receipts that this endpoint will never get. */
  missed?: Missed | undefined;
}

/** Receipts, of all states, that were trimmed before they were posted, or that Redis lost. */
export interface Missed {
  /** At least so many. */
  count: number;
  /** Whether `count` is exact. */
  exact: boolean;
  /** When that was last found, by the clock of the posting process; milliseconds since the epoch. */
  at: number;
}

export interface Progress {
  /** @returns false if the receipt is finished already */
  begin(receipt: { id: string; cursor: string; at: number }): boolean;
  /** The receipt was accepted, given up, or is not for this endpoint. */
  end(id: string): void;
  /**
   * Receipts were trimmed from the stream: finished ones before them need not be remembered.
   * @param missing how many receipts are gone after the last one read; null if unknown
   * @returns how many of them were not finished
   */
  cut(missing: Pick<Missed, 'count' | 'exact'> | null, at: number): Pick<Missed, 'count' | 'exact'>;
  position(): Position;
  /** How many receipts are pending, or finished behind a pending one. */
  size(): number;
  /** The instant of the oldest pending receipt; undefined if there is none. */
  oldest(): number | undefined;
}

interface Entry {
  id: string;
  cursor: string;
  at: number;
  over: boolean;
}

export function createProgress({ after: start, ahead, missed: known }: Position): Progress {
  let after = start;
  let missed = known;
  /** Finished before a crash, and not read again yet. */
  const before = new Set(ahead);
  /** In the order of the stream; the first one is pending. */
  const open: Entry[] = [];

  function advance(): void {
    while (open[0]?.over) after = open.shift()!.cursor;
  }
  return {
    begin({ id, cursor, at }) {
      const over = before.delete(id);
      open.push({ id, cursor, at, over });
      advance();
      return !over;
    },
    end(id) {
      const entry = open.find((each) => each.id === id && !each.over);
      if (entry) entry.over = true;
      advance();
    },
    cut(missing, at) {
      const { count, exact } = missing ?? { count: 0, exact: false };
      // It is not known which of the finished ones are gone, and which are still in the stream.
      const found = { count: Math.max(0, count - before.size), exact: exact && before.size === 0 };
      before.clear();
      missed = {
        count: (missed?.count ?? 0) + found.count,
        exact: (missed?.exact ?? true) && found.exact,
        at,
      };
      return found;
    },
    position: () => ({
      after,
      ahead: [...open.filter(({ over }) => over).map(({ id }) => id), ...before],
      ...(missed && { missed }),
    }),
    size: () => open.length,
    oldest: () => open[0]?.at,
  };
}
