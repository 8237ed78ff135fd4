import type { Follow, FollowedReceipt } from '../receipts/follow.ts';
import { type GapJson, gapJson, receiptJson } from '../receipts/json.ts';
import { withTimeout } from '../timeout.ts';
import { unavailable } from './problem-of-error.ts';
import { toPosition } from './receipt-position.ts';

export interface PollOptions {
  follow: Follow;
  channels: readonly string[];
  /** As `followReceipts` takes it. */
  from: string;
  /** How long to wait for the first receipt, milliseconds. */
  waitMs: number;
  limit: number;
  /** Ends the waiting. */
  signal: AbortSignal;
}

export interface ReceiptPage {
  receipts: Record<string, unknown>[];
  /** Channels whose receipts before these were trimmed or lost. */
  gaps: GapJson[];
  /** The position after these. */
  next: string;
}

/** How long a page waits for more in all, once it has some: they are read in pages of hundreds. */
const MORE_MS = 25;
/** How long Redis may take to report its newest position. */
const START_MS = 5_000;

const none = (): undefined => undefined;

/**
 * The receipts after a position: those that are there, or else the first that arrive within the time.
 * @throws ApiProblem 503 if Redis is away
 */
export async function pollReceipts(options: PollOptions): Promise<ReceiptPage> {
  const { follow, channels, from, waitMs, limit } = options;
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  let onStart = (_cursor: string): void => {};
  const begun = new Promise<string>((resolve) => {
    onStart = resolve;
  });
  let onIdle = (): void => {};
  const readAll = new Promise<void>((resolve) => {
    onIdle = resolve;
  });
  const source = follow({ channels, from, onStart, onIdle, signal });
  const receipts: FollowedReceipt[] = [];
  let cursor: string | undefined;
  try {
    let next = source.next();
    // A failure to begin is one of the first step.
    cursor = await withTimeout(Promise.race([begun, next.then(() => begun)]), START_MS, none);
    if (cursor === undefined) throw unavailable('Redis cannot be reached');
    // What is there is read also for a client that does not wait.
    await Promise.race([next, readAll]);
    let until = performance.now() + waitMs;
    while (receipts.length < limit) {
      const result = await withTimeout(next, until - performance.now(), none);
      if (!result || result.done) break;
      if (receipts.length === 0) until = performance.now() + MORE_MS;
      receipts.push(result.value);
      cursor = result.value.cursor;
      if (receipts.length < limit) next = source.next();
    }
  } finally {
    end.abort();
    source.return().catch(() => {});
  }
  return {
    receipts: receipts.map(receiptJson),
    gaps: gapsOf(receipts),
    next: toPosition(cursor),
  };
}

/** Adds up the gaps of a channel's shards. */
function gapsOf(receipts: readonly FollowedReceipt[]): GapJson[] {
  const gaps = new Map<string, GapJson>();
  for (const { channel, missing, exact } of receipts.filter(({ gap }) => gap).map(gapJson)) {
    const known = gaps.get(channel) ?? { channel, missing: 0, exact: true };
    gaps.set(channel, { channel, missing: known.missing + missing, exact: known.exact && exact });
  }
  return [...gaps.values()];
}
