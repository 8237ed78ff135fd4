import type { Clock } from '../clock.ts';
import { isEntryId } from '../redis/entry-id.ts';
import { isStoreName } from '../redis/shards.ts';
import { MAX_OFFSET_MS } from '../redis/store-clock.ts';
import { type Instant, parseInstant } from '../time.ts';

/** How far a follower has read each store of its channels, and how that is encoded in a cursor. */

/** By store name. */
export type Positions = Map<string, Position>;

export interface Position {
  /** The id of the entry after which reading continues, or `NEWEST`. */
  id: string;
  /** Present if known, so that a later gap can be counted. */
  rank?: Rank | undefined;
}

/** How many entries the stream ever had up to an entry: exactly, or at most. */
export interface Rank {
  count: number;
  exact: boolean;
}

/** The position after the newest entry at the moment when reading begins. */
export const NEWEST = '$';

/** Greater than the sequence number of any entry: Redis never assigns it. */
const LAST_OF_MS = '18446744073709551615';

const POSITION = /[a-z0-9_-]+(?:\/\d+)?=\d+-\d+(?:[#<]\d{1,15})?/.source;
const CURSOR = new RegExp(`^${POSITION}(?:&${POSITION})*$`);

/** Whether the text is a cursor as `toCursor` makes them. */
export const isCursor = (text: string): boolean =>
  CURSOR.test(text) && [...fromCursor(text).values()].every(({ id }) => id === FIRST || isEntryId(id));

/** Where a follower begins. */
export interface Beginning {
  /** @param store by its name */
  positionOf(store: string): Position;
  /** See `storesNamed`. */
  known: readonly string[];
  /** The position of this moment, for a store that cannot be asked for its newest entry. */
  since: Position;
}

/** @throws TypeError as `positionFrom` */
export function beginningFrom(from: Instant, clock: Pick<Clock, 'now'>): Beginning {
  return {
    positionOf: positionFrom(from),
    known: storesNamed(from),
    // Entry ids follow the node's clock: better one receipt too many than one too few.
    since: { id: lastBefore(clock.now() - MAX_OFFSET_MS) },
  };
}

/** The stores that a cursor names, also those that its channel had only once: what is unread in them is still to come. */
export const storesNamed = (from: Instant): string[] =>
  typeof from === 'string' && isCursor(from) ? [...fromCursor(from).keys()].filter(isStoreName) : [];

/**
 * @returns the starting position of a store, by its name
 * @throws TypeError for a text that is neither `now`, `start`, an instant nor a cursor
 */
export function positionFrom(from: Instant): (store: string) => Position {
  const known = typeof from === 'string' && isCursor(from) ? fromCursor(from) : undefined;
  // A store that the cursor does not name was not followed before: everything in it is new.
  if (known) return (store) => known.get(store) ?? { id: FIRST };
  const id = from === 'now' ? NEWEST : from === 'start' ? FIRST : before(from);
  return () => ({ id });
}

/** The position before the oldest entry. */
export const FIRST = '0-0';

/** `kongregate=1767225600000-0#31&forum/7=1767225600000-3`: an exact rank follows `#`, an upper bound of it `<`. */
export const toCursor = (positions: Positions): string =>
  [...positions].map(([store, { id, rank }]) => `${store}=${id}${rank ? rankText(rank) : ''}`).join('&');

const rankText = ({ count, exact }: Rank): string => `${exact ? '#' : '<'}${count}`;

const fromCursor = (cursor: string): Positions =>
  new Map(
    cursor.split('&').map((part): [string, Position] => {
      const [store, position] = part.split('=') as [string, string];
      const [id, count] = position.split(/[#<]/) as [string, string?];
      const rank = count === undefined ? undefined : { count: Number(count), exact: position.includes('#') };
      return [store, { id, rank }];
    }),
  );

function before(instant: Instant): string {
  const at = parseInstant(instant);
  if (!at) throw new TypeError("from: expected 'now', 'start', an instant or the cursor of a receipt");
  return lastBefore(at.getTime());
}

const lastBefore = (at: number): string => `${Math.max(0, at - 1)}-${LAST_OF_MS}`;

/** Whether the position is that of an entry that was read: if the stream lacks it now, it was trimmed. */
export const wasRead = (position: string): boolean =>
  position !== FIRST && !position.endsWith(`-${LAST_OF_MS}`);
