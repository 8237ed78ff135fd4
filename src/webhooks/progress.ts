/**
 * How far an endpoint has been told of a channel's receipts: several requests are under way at a time, and end in any order. Pure.
 */

/** What has to be kept to go on after a crash. */
export interface Position {
  /** A cursor of `followReceipts`, or the instant at which the endpoint began, as milliseconds: all before it is over. */
  after: string;
  /** The ids of what is over behind it, so that it is not posted again. */
  ahead: readonly string[];
  /** What this endpoint will never get. */
  missed?: Missed | undefined;
}

/** Receipts, of all states, that were cut off before they were posted, or that Redis lost. */
export interface Missed {
  /** At least so many. */
  count: number;
  /** Whether there are no others. */
  exact: boolean;
  /** When that was found last, by the clock of the process that posts; milliseconds since the epoch. */
  at: number;
}

export interface Progress {
  /** @returns false where this receipt is over already */
  begin(receipt: { id: string; cursor: string; at: number }): boolean;
  /** It was accepted, given up, or is not for this endpoint. */
  end(id: string): void;
  /**
   * Receipts were cut off: those before them that are over need not be remembered.
   * @param missing how many receipts are gone behind the last one that was read; null where nobody can tell
   * @returns how many of them were not over
   */
  cut(missing: Pick<Missed, 'count' | 'exact'> | null, at: number): Pick<Missed, 'count' | 'exact'>;
  position(): Position;
  /** How many receipts are not over, or over behind one that is not. */
  size(): number;
  /** The instant of the oldest receipt that is not over; undefined where there is none. */
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
  /** Over before a crash, and not read again yet. */
  const before = new Set(ahead);
  /** In the order of the stream; the first is not over. */
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
      // Which of those that are over are gone, and which are still kept, is not known.
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
