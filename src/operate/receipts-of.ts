import type { Redis } from 'ioredis';
import { receiptsKey } from '../jobs/queues.ts';
import { type Receipt, readReceipts } from '../observe/receipts.ts';

export interface ReceiptsOf {
  /** Oldest first. */
  receipts: Receipt[];
  /** False when older receipts were left unread. */
  complete: boolean;
}

const PAGE = 1_000;
/** As many as a channel keeps by default. */
const LOOKED_AT = 100_000;

/**
 * The receipts of the messages that match, read backwards from the newest until `enough`.
 * @param matches by the message's id
 */
export async function findReceipts(
  redis: Redis,
  channel: string,
  matches: (id: string) => boolean,
  enough: (receipt: Receipt) => boolean,
): Promise<ReceiptsOf> {
  const receipts: Receipt[] = [];
  let to = '+';
  for (let seen = 0; seen < LOOKED_AT; seen += PAGE) {
    const entries = await redis.xrevrange(receiptsKey(channel), to, '-', 'COUNT', PAGE);
    for (const [entry, fields] of entries) {
      if (!matches(fields[fields.indexOf('id') + 1] ?? '')) continue;
      const [receipt] = await readReceipts(redis, channel, { from: entry, count: 1 });
      if (receipt?.entry !== entry) continue;
      receipts.unshift(receipt);
      if (enough(receipt)) return { receipts, complete: true };
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < PAGE) return { receipts, complete: true };
    to = `(${last[0]}`;
  }
  return { receipts, complete: false };
}
