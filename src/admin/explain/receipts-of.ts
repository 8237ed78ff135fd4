import { type Receipt, readReceipts } from '../../receipts/receipts.ts';
import type { ChannelStore } from '../../redis/channel-store.ts';

export interface ReceiptsOf {
  /** Oldest first. */
  receipts: Receipt[];
  /** False if older receipts were not read. */
  complete: boolean;
}

const PAGE = 1_000;
/** The number that a channel keeps by default. */
const SCANNED = 100_000;

/**
 * Finds matching receipts, reading backwards from the newest until `enough`.
 * @param matches tests the receipt's field `field`, by default the message's id
 */
export async function findReceipts(
  { redis, keys, name }: ChannelStore,
  matches: (id: string) => boolean,
  enough: (receipt: Receipt) => boolean,
  field: 'id' | 'to' = 'id',
): Promise<ReceiptsOf> {
  const receipts: Receipt[] = [];
  let to = '+';
  for (let seen = 0; seen < SCANNED; seen += PAGE) {
    const entries = await redis.xrevrange(keys.receipts, to, '-', 'COUNT', PAGE);
    for (const [entry, fields] of entries) {
      if (!matches(fieldOf(fields, field))) continue;
      const [receipt] = await readReceipts(redis, name, { from: entry, count: 1 });
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

/** Reads a field from alternating names and values. */
function fieldOf(fields: readonly string[], name: string): string {
  const at = fields.findIndex((field, i) => i % 2 === 0 && field === name);
  return at < 0 ? '' : (fields[at + 1] ?? '');
}
