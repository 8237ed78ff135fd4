import { isCursor } from '../receipts/cursor.ts';
import { problem } from './problem.ts';

/** A follower's position as clients store it: opaque text. */

export const toPosition = (cursor: string): string => Buffer.from(cursor).toString('base64url');

/**
 * @param after a position, `start` or `now`
 * @returns what `followReceipts` begins from
 * @throws ApiProblem 400
 */
export function fromPosition(after: string): string {
  if (after === 'start' || after === 'now') return after;
  const cursor = Buffer.from(after, 'base64url').toString();
  if (isCursor(cursor) && toPosition(cursor) === after) return cursor;
  throw problem('bad_request', 'after: expected start, now, or the position of an earlier answer');
}
