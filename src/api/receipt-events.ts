import type { Follow, FollowedReceipt } from '../receipts/follow.ts';
import { gapJson, receiptJson } from '../receipts/json.ts';
import { withPauses } from './pauses.ts';
import { ApiProblem } from './problem.ts';
import { toPosition } from './receipt-position.ts';

/** Receipts as server-sent events: the id of an event is the position after it. */

/** How soon a client connects again, milliseconds. */
const RETRY_MS = 2_000;

export interface EventOptions {
  follow: Follow;
  channels: readonly string[];
  /** As `followReceipts` takes it. */
  from: string;
  /** How long the stream may be silent before a comment is sent, milliseconds. */
  heartbeatMs: number;
  /** Rejects once the client may not follow any more. */
  stillValid(): Promise<void>;
  /** Ends the events. */
  signal: AbortSignal;
}

/** The starting position comes first, so that a client whose connection breaks before the first event misses none either. */
export async function* receiptEvents({
  follow,
  channels,
  from,
  heartbeatMs,
  stillValid,
  signal,
}: EventOptions): AsyncGenerator<string, void, undefined> {
  let begin: string | undefined;
  let begun = (): void => {};
  const start = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const onStart = (cursor: string): void => {
    begin = cursor;
    begun();
  };
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const receipt of withPauses(follow({ channels, from, onStart, signal }), heartbeatMs, start)) {
    // When the client connects again, it is told why it may not.
    if (!(await holds(stillValid()))) return;
    if (receipt) yield eventsOf(receipt);
    else if (begin === undefined) yield ': waiting for Redis\n\n';
    else yield `id: ${toPosition(begin)}\n\n`;
    begin = receipt?.cursor ?? begin;
  }
}

/** While Redis is away the token cannot be checked, and there are no receipts to see. */
const holds = (check: Promise<void>): Promise<boolean> =>
  check.then(
    () => true,
    (error: unknown) => !(error instanceof ApiProblem && error.body.status === 401),
  );

/** A receipt after a gap is preceded by an event that reports the gap. */
function eventsOf(receipt: FollowedReceipt): string {
  const gap = receipt.gap ? `event: gap\ndata: ${JSON.stringify(gapJson(receipt))}\n\n` : '';
  const data = JSON.stringify(receiptJson(receipt));
  return `${gap}id: ${toPosition(receipt.cursor)}\nevent: receipt\ndata: ${data}\n\n`;
}
