import { isEntryId } from '../redis/entry-id.ts';
import { type Instant, parseInstant } from '../time.ts';

/** How far a follower has read the receipts of its channels, in each of their stores, and how that is encoded. */

/** Name of a store → id of the entry after which it reads on, or `NEWEST`. */
export type Positions = Map<string, string>;

/** After the newest entry there is when the reading begins. */
export const NEWEST = '$';

/** Greater than the number of every entry of its millisecond, and none that Redis ever gives. */
const LAST_OF_MS = '18446744073709551615';

const POSITION = /[a-z0-9_-]+(?:\/\d+)?=\d+-\d+/.source;
const CURSOR = new RegExp(`^${POSITION}(?:&${POSITION})*$`);

/** Whether it is one of `toCursor`. */
export const isCursor = (text: string): boolean =>
  CURSOR.test(text) && [...fromCursor(text).values()].every((id) => id === FIRST || isEntryId(id));

/**
 * @returns the position from which a store is read, by its name
 * @throws TypeError for a text that is neither of the words, nor an instant, nor a cursor
 */
export function positionFrom(from: Instant): (store: string) => string {
  const known = typeof from === 'string' && isCursor(from) ? fromCursor(from) : undefined;
  // A store that the cursor does not know was not followed before: all that is kept of it is new.
  if (known) return (store) => known.get(store) ?? FIRST;
  const position = from === 'now' ? NEWEST : from === 'start' ? FIRST : before(from);
  return () => position;
}

/** Before whatever is kept. */
export const FIRST = '0-0';

/** `kongregate=1767225600000-0&forum/7=1767225600000-3` */
export const toCursor = (positions: Positions): string =>
  [...positions].map(([channel, position]) => `${channel}=${position}`).join('&');

const fromCursor = (cursor: string): Map<string, string> =>
  new Map(cursor.split('&').map((part) => part.split('=') as [string, string]));

function before(instant: Instant): string {
  const at = parseInstant(instant);
  if (!at) throw new TypeError("from: expected 'now', 'start', an instant or the cursor of a receipt");
  return `${Math.max(0, at.getTime() - 1)}-${LAST_OF_MS}`;
}

/** Whether an entry of this id was read, so that it is missing where it is not there any more. */
export const wasRead = (position: string): boolean =>
  position !== FIRST && !position.endsWith(`-${LAST_OF_MS}`);
