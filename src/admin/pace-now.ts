import type { OperatedChannel } from '../channels/installation.ts';
import { type Entry, parseReceipts } from '../observe/receipts.ts';

/** What ended in the last minute, by the receipts. */
export interface PaceNow {
  /** Messages that ended `delivered`. */
  deliveredPerMinute: number;
  /** Messages that ended, however they did. */
  endedPerMinute: number;
}

const MINUTE_MS = 60_000;
/** Beyond these the pace is that of the newest ones: what a look costs must not grow with the pace. */
const READ = 500;

/** @param now milliseconds since the epoch by the store's clock */
export async function readPace({ store }: OperatedChannel, now: number): Promise<PaceNow> {
  const entries = await store.redis.xrevrange(
    store.keys.receipts,
    '+',
    String(now - MINUTE_MS),
    'COUNT',
    READ,
  );
  return paceOf(entries, now);
}

/** @param entries of the last minute, newest first, at most `READ` */
export function paceOf(entries: Entry[], now: number): PaceNow {
  const receipts = parseReceipts(entries);
  const delivered = receipts.filter(({ state }) => state === 'delivered').length;
  const spanMs = entries.length < READ ? MINUTE_MS : Math.max(1, now - (receipts.at(-1)?.at ?? now));
  const perMinute = (count: number): number => Math.round((count * MINUTE_MS) / spanMs);
  return { deliveredPerMinute: perMinute(delivered), endedPerMinute: perMinute(receipts.length) };
}
