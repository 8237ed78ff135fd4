import type { TooLate } from '../../jobs/control.ts';
import { printable } from '../output.ts';
import type { Invocation } from '../shell.ts';

/** What became of a message in a channel, as `cancel` and `reschedule` print it. */
export interface Controlled {
  id: string;
  /** Null where no channel knows the message. */
  channel: string | null;
  status: 'cancelled' | 'rescheduled' | TooLate;
}

/** A line for each channel that has the message, or one that none has. */
export const controlled = (id: string, found: readonly (Controlled & { channel: string })[]): Controlled[] =>
  found.length > 0 ? [...found] : [{ id, channel: null, status: 'unknown' }];

const UNKNOWN = 'not known: never enqueued, or enqueued by a foreign producer and not yet tried';

/** @returns whether all went as it was asked for */
export function report(
  results: readonly Controlled[],
  { output }: Invocation,
  { more = {}, tooLate = 'it is being sent, or final' }: { more?: object; tooLate?: string } = {},
): boolean {
  const words: Record<TooLate, string> = { too_late: `too late: ${tooLate}`, unknown: UNKNOWN };
  for (const { id, channel, status } of results) {
    const where = channel === null ? '' : ` in channel ${channel}`;
    const what = status === 'too_late' || status === 'unknown' ? words[status] : status;
    output.result({ id, channel, status, ...more }, () => `${printable(id)}${where}: ${what}`);
  }
  return results.every(({ status }) => status === 'cancelled' || status === 'rescheduled');
}
