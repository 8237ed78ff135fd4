import type { Clock } from '../clock.ts';
import { isEntryId } from '../redis/entry-id.ts';
import { MAX_OFFSET_MS } from '../redis/store-clock.ts';
import { type Instant, parseInstant } from '../time.ts';

/** How far a follower has read the receipts of its channels, in each of their stores, and how that is encoded. */

/** By the name of a store. */
export type Positions = Map<string, Position>;

export interface Position {
  /** Of the entry after which it reads on, or `NEWEST`. */
  id: string;
  /** Where it is known: a later gap can then be counted. */
  rank?: Rank | undefined;
}

/** How many entries the stream ever had up to one: exactly, or at most. */
export interface Rank {
  count: number;
  exact: boolean;
}

/** After the newest entry there is when the reading begins. */
export const NEWEST = '$';

/** Greater than the number of every entry of its millisecond, and none that Redis ever gives. */
const LAST_OF_MS = '18446744073709551615';

const POSITION = /[a-z0-9_-]+(?:\/\d+)?=\d+-\d+(?:[#<]\d{1,15})?/.source;
const CURSOR = new RegExp(`^${POSITION}(?:&${POSITION})*$`);

/** Whether it is one of `toCursor`. */
export const isCursor = (text: string): boolean =>
  CURSOR.test(text) && [...fromCursor(text).values()].every(({ id }) => id === FIRST || isEntryId(id));

/** Where a follower begins. */
export interface Beginning {
  /** @param store by its name */
  positionOf(store: string): Position;
  /** The stores that a cursor names. */
  known: readonly string[];
  /** The position of this moment, for a store that cannot be asked for its newest entry. */
  since: Position;
}

/** @throws TypeError as `positionFrom` */
export function beginningFrom(from: Instant, clock: Pick<Clock, 'now'>): Beginning {
  return {
    positionOf: positionFrom(from),
    known: typeof from === 'string' && isCursor(from) ? [...fromCursor(from).keys()] : [],
    // A node gives its entries ids by its own clock: better one too many than one too few.
    since: { id: lastBefore(clock.now() - MAX_OFFSET_MS) },
  };
}

/**
 * @returns the position from which a store is read, by its name
 * @throws TypeError for a text that is neither of the words, nor an instant, nor a cursor
 */
export function positionFrom(from: Instant): (store: string) => Position {
  const known = typeof from === 'string' && isCursor(from) ? fromCursor(from) : undefined;
  // A store that the cursor does not know was not followed before: all that is kept of it is new.
  if (known) return (store) => known.get(store) ?? { id: FIRST };
  const id = from === 'now' ? NEWEST : from === 'start' ? FIRST : before(from);
  return () => ({ id });
}

/** Before whatever is kept. */
export const FIRST = '0-0';

/** `kongregate=1767225600000-0#31&forum/7=1767225600000-3`, with the rank behind `#`, or behind `<` where it is at most that. */
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

/** Whether an entry of this id was read, so that it is missing where it is not there any more. */
export const wasRead = (position: string): boolean =>
  position !== FIRST && !position.endsWith(`-${LAST_OF_MS}`);
