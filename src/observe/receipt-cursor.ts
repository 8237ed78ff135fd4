import { type Instant, parseInstant } from '../time.ts';

/** How far a follower has read the receipts of its channels, and how that is encoded. */

/** Channel → id of the entry after which it reads on, or `NEWEST`. */
export type Positions = Map<string, string>;

/** After the newest entry there is when the reading begins. */
export const NEWEST = '$';

/** Greater than the number of every entry of its millisecond, and none that Redis ever gives. */
const LAST_OF_MS = '18446744073709551615';

const CURSOR = /^[a-z0-9_-]+=\d+-\d+(?:&[a-z0-9_-]+=\d+-\d+)*$/;

/** Whether it is one of `toCursor`. */
export const isCursor = (text: string): boolean => CURSOR.test(text);

/** @throws TypeError for a text that is neither of the words, nor an instant, nor a cursor */
export function positionsFrom(from: Instant, channels: readonly string[]): Positions {
  const known = typeof from === 'string' && isCursor(from) ? fromCursor(from) : undefined;
  // A channel that the cursor does not know was not followed before: all that is kept of it is new.
  if (known) return new Map(channels.map((channel) => [channel, known.get(channel) ?? '0-0']));
  const position = from === 'now' ? NEWEST : from === 'start' ? '0-0' : before(from);
  return new Map(channels.map((channel) => [channel, position]));
}

/** `kongregate=1767225600000-0&forum=1767225600000-3` */
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
  position !== '0-0' && !position.endsWith(`-${LAST_OF_MS}`);
