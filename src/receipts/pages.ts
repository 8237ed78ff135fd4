import type { Redis } from 'ioredis';
import { isRefusal } from '../redis/errors.ts';
import { toMap } from '../redis/flat-pairs.ts';
import { channelKeys } from '../redis/keys.ts';
import { FIRST, type Position, type Rank, wasRead } from './cursor.ts';
import type { Entry } from './receipts.ts';

/** Reads pages of a receipts stream, and detects receipts that are missing before one. */

export interface Page {
  store: string;
  entries: RankedEntry[];
  /** Whether the store may have more. */
  full: boolean;
  /** Whether receipts between the position and these entries may be missing. */
  gap: boolean;
  /** How many are missing; null if unknown. */
  missing: Missing | null;
}

export interface RankedEntry {
  store: string;
  entry: Entry;
  rank: Rank | undefined;
}

/** How many receipts: exactly, or at least. */
export interface Missing {
  count: number;
  exact: boolean;
}

/** Reads what follows a position. If the entry that was read last is gone, entries after it may be gone too. */
export async function readPage(
  client: Redis,
  store: string,
  position: Position,
  count: number,
): Promise<Page> {
  const key = channelKeys(store).receipts;
  const { id, rank } = position;
  const read = wasRead(id);
  const range = (): Promise<Entry[]> =>
    read
      ? client.xrange(key, id, '+', 'COUNT', count + 1)
      : client.xrange(key, `(${id}`, '+', 'COUNT', count);
  const page = (found: Entry[], stream?: StreamFacts): Page =>
    pageOf({ store, position, count }, found, stream);
  const seen = page(await range());
  const isUnsure = !rank || seen.gap || (!rank.exact && !seen.full) || (!read && seen.entries.length > 0);
  if (!isUnsure) return seen;
  // Sent together: if anything comes between the two, it shows at their ends.
  const [found, stream] = await Promise.all([range(), readStream(client, key)]);
  return page(found, stream);
}

/** The newest entry that there is. */
export async function newestPosition(client: Redis, store: string): Promise<Position> {
  const key = channelKeys(store).receipts;
  const [[last], stream] = await Promise.all([
    client.xrevrange(key, '+', '-', 'COUNT', 1),
    readStream(client, key),
  ]);
  const id = last?.[0] ?? FIRST;
  return { id, rank: stream?.last === id ? { count: stream.added, exact: true } : undefined };
}

/** Merges pages by instant, up to where a store may have earlier entries that were not read yet; later entries are read again. */
export function inOrder(pages: readonly Page[]): RankedEntry[] {
  const ends = pages.filter(({ full }) => full).map(({ entries }) => instantOf(entries.at(-1)!));
  const end = Math.min(...ends);
  const all = pages.flatMap(({ entries }) => entries);
  if (pages.length === 1) return all;
  const read = all.filter((each) => instantOf(each) <= end);
  return read.sort((a, b) => instantOf(a) - instantOf(b));
}

/** Entries of one store and millisecond keep their order: the sort is stable. */
const instantOf = ({ entry: [id] }: RankedEntry): number => Number.parseInt(id, 10);

interface StreamFacts {
  /** How many entries the stream ever had. */
  added: number;
  /** How many of them were trimmed. */
  gone: number;
  /** The ids of the oldest that is kept, and of the newest that was ever added. */
  first: string | undefined;
  last: string;
}

const NO_STREAM: StreamFacts = { added: 0, gone: 0, first: undefined, last: FIRST };

/** Undefined if Redis does not report `entries-added`. */
async function readStream(client: Redis, key: string): Promise<StreamFacts | undefined> {
  const reply = await client.xinfo('STREAM', key).catch((error: unknown) => {
    if (isRefusal(error) && error.message.includes('no such key')) return null;
    if (isRefusal(error)) return undefined;
    throw error;
  });
  if (!Array.isArray(reply)) return reply === null ? NO_STREAM : undefined;
  const fields = toMap<unknown>(reply);
  const added = fields.get('entries-added');
  if (typeof added !== 'number') return undefined;
  const [first] = (fields.get('first-entry') ?? []) as [string?];
  return {
    added,
    gone: added - Number(fields.get('length')),
    first,
    last: String(fields.get('last-generated-id')),
  };
}

interface Asked {
  store: string;
  position: Position;
  count: number;
}

function pageOf({ store, position, count }: Asked, found: Entry[], stream?: StreamFacts): Page {
  const { id, rank } = position;
  const read = wasRead(id);
  const isKept = read && found[0]?.[0] === id;
  const entries = isKept ? found.slice(1) : found;
  const full = found.length === (read ? count + 1 : count);
  const first = entries[0]?.[0];
  const isOldest = first !== undefined && first === stream?.first;
  const cut = stream && rank && isOldest && !isKept ? stream.gone - rank.count : undefined;
  const isLost = read && !isKept && first !== undefined;
  const gap = read ? isLost && !(rank?.exact && cut === 0) : rank?.exact === true && (cut ?? 0) > 0;
  const before =
    (stream && rankBefore(stream, { id, entries, full, isOldest })) ?? (isLost ? undefined : rank);
  return {
    store,
    entries: entries.map((entry, i) => ({
      store,
      entry,
      rank: before && { count: before.count + i + 1, exact: before.exact },
    })),
    full,
    gap,
    missing: gap && rank && cut !== undefined && cut > 0 ? { count: cut, exact: rank.exact } : null,
  };
}

/** How many entries the stream ever had before a page: exact at its ends, an upper bound in the middle. */
function rankBefore(
  { added, gone, last }: StreamFacts,
  page: { id: string; entries: readonly Entry[]; full: boolean; isOldest: boolean },
): Rank | undefined {
  const { id, entries, full, isOldest } = page;
  if (isOldest) return { count: gone, exact: true };
  const count = Math.max(0, added - entries.length);
  if (full) return { count, exact: false };
  return (entries.at(-1)?.[0] ?? id) === last ? { count, exact: true } : undefined;
}

/** The receipts after a position. */
export interface Backlog {
  /** How many there are. */
  waiting: Missing;
  /** When the oldest of them was written, milliseconds since the epoch; null without one. */
  since: number | null;
  /** How many were trimmed before these; null if none were, or if unknown. */
  cut: Missing | null;
}

const NONE: Missing = { count: 0, exact: true };
/** How many are counted one by one if a position has no rank. */
const MOST_COUNTED = 1_000;

export async function readBacklog(client: Redis, store: string, position: Position): Promise<Backlog> {
  const page = await readPage(client, store, position, 1);
  const [oldest] = page.entries;
  if (!oldest) return { waiting: NONE, since: null, cut: null };
  const since = Number.parseInt(oldest.entry[0], 10);
  return { waiting: await countFrom(client, store, oldest), since, cut: page.missing };
}

async function countFrom(client: Redis, store: string, { entry: [id], rank }: RankedEntry): Promise<Missing> {
  const key = channelKeys(store).receipts;
  const stream = rank?.exact ? await readStream(client, key) : undefined;
  if (rank && stream && stream.added >= rank.count)
    return { count: Math.min(stream.added - rank.count + 1, stream.added - stream.gone), exact: true };
  const { length } = await client.xrange(key, id, '+', 'COUNT', MOST_COUNTED);
  return { count: length, exact: length < MOST_COUNTED };
}
