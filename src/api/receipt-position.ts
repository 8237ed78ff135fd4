import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isCursor } from '../receipts/cursor.ts';
import { problem } from './problem.ts';

/** A follower's position as clients store it: opaque text, deflated where it would be long. */

/** The most characters of one: the headers of a request, with its address, have 16 KiB in all. */
export const MAX_POSITION = 15_000;

/** A longer cursor is deflated: it names some 70 stores, and many a proxy takes no address of more than 8 KiB. */
const LONGEST_PLAIN = 3_000;
/** Anybody may send a short text that inflates to a long one. A cursor of 4,000 stores is shorter than this. */
const LONGEST_INFLATED = 256 * 1024;
/** In front of one that is deflated: base64url has no such character. */
const DEFLATED = '.';

const plain = (cursor: string): string => Buffer.from(cursor).toString('base64url');

/** Each event of a receipt has a position, so the fastest level is chosen: others save little. */
export const toPosition = (cursor: string): string =>
  cursor.length > LONGEST_PLAIN
    ? `${DEFLATED}${deflateRawSync(cursor, { level: 1 }).toString('base64url')}`
    : plain(cursor);

/**
 * @param after a position, `start` or `now`
 * @returns what `followReceipts` begins from
 * @throws ApiProblem 400
 */
export function fromPosition(after: string): string {
  if (after === 'start' || after === 'now') return after;
  const cursor = after.startsWith(DEFLATED) ? inflated(after.slice(DEFLATED.length)) : read(after);
  if (cursor !== undefined && isCursor(cursor)) return cursor;
  throw problem('bad_request', 'after: expected start, now, or the position of an earlier answer');
}

function read(position: string): string | undefined {
  const cursor = Buffer.from(position, 'base64url').toString();
  return plain(cursor) === position ? cursor : undefined;
}

function inflated(position: string): string | undefined {
  try {
    const options = { maxOutputLength: LONGEST_INFLATED };
    return inflateRawSync(Buffer.from(position, 'base64url'), options).toString();
  } catch {
    return undefined;
  }
}
