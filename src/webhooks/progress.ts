/**
 * How far an endpoint has been told of a channel's receipts: several requests are under way at a time, and end in any order. Pure.
 */

/** What has to be kept to go on after a crash. */
export interface Position {
  /** A cursor of `followReceipts`, or the instant at which the endpoint began, as milliseconds: all before it is over. */
  after: string;
  /** The ids of what is over behind it, so that it is not posted again. */
  ahead: readonly string[];
}

export interface Progress {
  /** @returns false where this receipt is over already */
  begin(receipt: { id: string; cursor: string; at: number }): boolean;
  /** It was accepted, given up, or is not for this endpoint. */
  end(id: string): void;
  /** Receipts were cut off: those before them that are over need not be remembered. */
  cut(): void;
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

export function createProgress({ after: start, ahead }: Position): Progress {
  let after = start;
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
    cut: () => before.clear(),
    position: () => ({
      after,
      ahead: [...open.filter(({ over }) => over).map(({ id }) => id), ...before],
    }),
    size: () => open.length,
    oldest: () => open[0]?.at,
  };
}
