/**
 * How far an endpoint is in a channel's receipts: several requests are in flight at a time, and end in any order. Pure.
 */

/** What has to be stored to resume after a crash. */
export interface Position {
  /** A cursor of `followReceipts`, or the instant at which the endpoint began, in milliseconds: everything before it is finished. */
  after: string;
  /** The ids of finished receipts after it, which are not posted again. */
  ahead: readonly string[];
  /** How many receipts after it are not for this endpoint and were passed over: read again, they are known by their state. */
  passed: number;
  /** How many after it were being posted, where some were passed over; none when absent. */
  pending?: number | undefined;
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
  /** The receipt was accepted, or given up. */
  end(id: string): void;
  /** The receipt is not for this endpoint. Nothing is kept of it but that there was one. */
  pass(receipt: { id: string; cursor: string }): void;
  /**
   * Receipts were trimmed from the stream: finished ones before them need not be remembered.
   * @param missing how many receipts are gone after the last one read; null if unknown
   * @returns how many of them were not finished
   */
  cut(missing: Pick<Missed, 'count' | 'exact'> | null, at: number): Pick<Missed, 'count' | 'exact'>;
  position(): Position;
  /** How many receipts of this endpoint are pending, or finished behind a pending one. */
  size(): number;
  /** The instant of the oldest pending receipt; undefined if there is none. */
  oldest(): number | undefined;
}

interface Entry {
  id: string;
  /** The position after it, and after what was passed over behind it. */
  cursor: string;
  at: number;
  over: boolean;
  /** How many receipts were passed over behind it. */
  passed: number;
}

export function createProgress(from: Position): Progress {
  const { after: start, ahead, passed: skipped, missed: known } = from;
  let after = start;
  let missed = known;
  /** Finished before a crash, and not read again yet. */
  const before = new Set(ahead);
  /** Passed over before a crash, and not read again yet. */
  let passedBefore = skipped;
  /** Pending before a crash, and not read again yet. */
  let pendingBefore = from.pending ?? 0;
  /** In the order of the stream; the first one is pending. */
  const open: Entry[] = [];

  function advance(): void {
    while (open[0]?.over) after = open.shift()!.cursor;
  }
  /** Of a receipt that may have been passed over before: the endpoint's states may have been changed since. */
  function readAgain(): void {
    if (pendingBefore > 0) pendingBefore -= 1;
    else passedBefore = Math.max(0, passedBefore - 1);
  }
  return {
    begin({ id, cursor, at }) {
      const over = before.delete(id);
      if (!over) readAgain();
      open.push({ id, cursor, at, over, passed: 0 });
      advance();
      return !over;
    },
    end(id) {
      const entry = open.find((each) => each.id === id && !each.over);
      if (entry) entry.over = true;
      advance();
    },
    pass({ id, cursor }) {
      if (!before.delete(id)) passedBefore = Math.max(0, passedBefore - 1);
      const last = open.at(-1);
      if (last) {
        last.cursor = cursor;
        last.passed += 1;
      } else after = cursor;
    },
    cut(missing, at) {
      const { count, exact } = missing ?? { count: 0, exact: false };
      const finished = before.size + passedBefore;
      // It is not known which of the finished ones are gone, and which are still in the stream.
      const found = { count: Math.max(0, count - finished), exact: exact && finished === 0 };
      before.clear();
      passedBefore = 0;
      pendingBefore = 0;
      missed = {
        count: (missed?.count ?? 0) + found.count,
        exact: (missed?.exact ?? true) && found.exact,
        at,
      };
      return found;
    },
    position() {
      const finished = open.filter(({ over }) => over);
      const passed = open.reduce((sum, entry) => sum + entry.passed, passedBefore);
      const pending = pendingBefore + open.length - finished.length;
      return {
        after,
        ahead: [...finished.map(({ id }) => id), ...before],
        passed,
        ...(passed > 0 && pending > 0 && { pending }),
        ...(missed && { missed }),
      };
    },
    size: () => open.length,
    oldest: () => open[0]?.at,
  };
}
