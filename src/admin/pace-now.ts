import type { OperatedChannel } from '../channels/installation.ts';
import { type Entry, parseReceipts } from '../receipts/receipts.ts';

/** How many messages ended in the last minute, by the receipts. */
export interface PaceNow {
  /** Messages that ended `delivered`. */
  deliveredPerMinute: number;
  /** Messages that ended in any state. */
  endedPerMinute: number;
}

const MINUTE_MS = 60_000;
/** How many receipts of a channel are read. Of more, the pace is extrapolated from the newest, so that the cost does not grow with it. */
const READ = 500;

/** @param now milliseconds since the epoch by the store's clock */
export async function readPace({ stores }: OperatedChannel, now: number): Promise<PaceNow> {
  const most = Math.ceil(READ / stores.length);
  const paces = await Promise.all(
    stores.map(async ({ store: { redis, keys } }) => {
      const since = String(now - MINUTE_MS);
      return paceOf(await redis.xrevrange(keys.receipts, '+', since, 'COUNT', most), now, most);
    }),
  );
  const sum = (field: keyof PaceNow): number =>
    Math.round(paces.reduce((total, pace) => total + pace[field], 0));
  return { deliveredPerMinute: sum('deliveredPerMinute'), endedPerMinute: sum('endedPerMinute') };
}

/** @param entries of the last minute, newest first, at most `most` of them */
export function paceOf(entries: Entry[], now: number, most: number): PaceNow {
  const receipts = parseReceipts(entries);
  const delivered = receipts.filter(({ state }) => state === 'delivered').length;
  const spanMs = entries.length < most ? MINUTE_MS : Math.max(1, now - (receipts.at(-1)?.at ?? now));
  const perMinute = (count: number): number => (count * MINUTE_MS) / spanMs;
  return { deliveredPerMinute: perMinute(delivered), endedPerMinute: perMinute(receipts.length) };
}
