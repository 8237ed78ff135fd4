import type { Redis } from 'ioredis';
import { tryParseJson } from '../json.ts';
import type { FinalState } from '../outcome.ts';
import { toMap } from '../redis/flat-pairs.ts';
import { channelKeys } from '../redis/keys.ts';
import { LAST_INSTANT } from '../time.ts';

/**
 * A receipt: one entry per final state in the capped stream `herald:{<channel>}:receipts`, written by the script that makes the state
 * final. Stream fields, all text: `v`, `id`, `run`, `state`, `reason`, `at` (milliseconds since the epoch by Redis's clock, decimal),
 * `attempts`; if present, `platformMessageId`, `campaign` (its id) and `meta` (JSON object); and `to` (JSON object, as in the message)
 * if the channel discloses its recipients. Applications follow the stream with `followReceipts` or consumer groups of their own.
 */
export interface Receipt {
  /** The stream's id of the entry, `<milliseconds>-<n>`: later entries have greater ones. */
  entry: string;
  v: number;
  id: string;
  run: number;
  state: FinalState['state'];
  reason: string;
  at: number;
  attempts: number;
  platformMessageId?: string;
  /** The id of the message's campaign. */
  campaign?: string;
  meta?: Record<string, string>;
  to?: unknown;
}

export interface ReceiptPage {
  /** An entry id, or milliseconds since the epoch as text; `-` (the oldest kept) when absent. Prefix `(` excludes it. */
  from?: string | undefined;
  /** 100 when absent. */
  count?: number | undefined;
}

export interface ReceiptRange {
  from?: string | undefined;
  /** Inclusive; the newest when absent. */
  to?: string | undefined;
  /** Entries a round trip; 500 when absent. */
  pageSize?: number | undefined;
}

export type Entry = [id: string, fields: string[]];

const isState = (text: string | undefined): text is Receipt['state'] =>
  text === 'delivered' || text === 'suppressed' || text === 'dead';

/** When the run ended; where a foreign writer broke that, when its entry was written. */
function instantOf(entry: string, text: string | undefined): number {
  const at = Number(text);
  return at > 0 && at <= LAST_INSTANT ? at : Math.min(Number.parseInt(entry, 10), LAST_INSTANT);
}

/** `undefined` for an entry that is not a receipt: anything may write to the stream. */
export function parseEntry([entry, flat]: Entry): Receipt | undefined {
  const fields = toMap(flat);
  const id = fields.get('id');
  const state = fields.get('state');
  if (id === undefined || !isState(state)) return undefined;
  const platformMessageId = fields.get('platformMessageId');
  const campaign = fields.get('campaign');
  // A receipt stays readable if a foreign writer broke a field.
  const meta = tryParseJson(fields.get('meta')) as Receipt['meta'];
  const to = tryParseJson(fields.get('to'));
  return {
    entry,
    v: Number(fields.get('v')),
    id,
    run: Number(fields.get('run')),
    state,
    reason: fields.get('reason') ?? '',
    at: instantOf(entry, fields.get('at')),
    attempts: Number(fields.get('attempts')),
    ...(platformMessageId === undefined ? {} : { platformMessageId }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(meta === undefined ? {} : { meta }),
    ...(to === undefined ? {} : { to }),
  };
}

/** Parses stream entries, and leaves out those that are not receipts. */
export const parseReceipts = (entries: Entry[]): Receipt[] =>
  entries.map(parseEntry).filter((receipt) => receipt !== undefined);

/** One page of the receipts of a store, oldest first. Entries that are not receipts are left out. */
export async function readReceipts(redis: Redis, store: string, page: ReceiptPage = {}): Promise<Receipt[]> {
  return parseReceipts(
    await redis.xrange(channelKeys(store).receipts, page.from ?? '-', '+', 'COUNT', page.count ?? 100),
  );
}

/**
 * All receipts of a range in a store, oldest first, in bounded memory. Ends at the newest entry, including those that were written while
 * it read, unless `to` ends the range.
 */
export async function* iterateReceipts(
  redis: Redis,
  store: string,
  range: ReceiptRange = {},
): AsyncGenerator<Receipt, void, undefined> {
  const key = channelKeys(store).receipts;
  const pageSize = range.pageSize ?? 500;
  let from = range.from ?? '-';
  for (;;) {
    const entries: Entry[] = await redis.xrange(key, from, range.to ?? '+', 'COUNT', pageSize);
    yield* parseReceipts(entries);
    const last = entries.at(-1);
    if (last === undefined || entries.length < pageSize) return;
    from = `(${last[0]}`;
  }
}
