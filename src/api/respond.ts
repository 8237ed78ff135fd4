import type { ServerResponse } from 'node:http';
import type { Answer } from './route.ts';
import { JSON_TYPE } from './route.ts';

/**
 * Turns an answer into a response. If the body was not read, for example because the headers were refused, the server below goes on
 * reading for half a second: closing the connection at once would discard the answer.
 */

export const PROBLEM_TYPE = 'application/problem+json';

/** Answers must not be cached, nor interpreted as another type. */
const FIXED = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export interface Responding {
  outgoing: ServerResponse;
  /** Called with an error in the middle of a stream, whose status was sent already. */
  onError(error: unknown): void;
}

export function respond(
  answer: Answer,
  headers: Readonly<Record<string, string>>,
  { outgoing, onError }: Responding,
): Response {
  const { status } = answer;
  const all = { ...FIXED, ...headers, ...answer.headers };
  if ('stream' in answer) {
    const stream = encoded(answer.stream, (error) => {
      onError(error);
      // Marks the answer as cut off. The server below would do so too, but would print the error with all that it holds.
      outgoing.destroy();
    });
    return new Response(stream, { status, headers: { ...all, 'content-type': answer.type } });
  }
  const type = status >= 400 ? PROBLEM_TYPE : JSON_TYPE;
  return new Response(JSON.stringify(answer.body), {
    status,
    headers: { ...all, 'content-type': type },
  });
}

/** Asks the source for more only when the client has taken what there was. */
function encoded(
  source: AsyncIterable<string>,
  onError: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let gone = false;
  const next = async (): Promise<string | undefined> => {
    try {
      const { done, value } = await iterator.next();
      return done ? undefined : value;
    } catch (error) {
      if (!gone) onError(error);
      return undefined;
    }
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const text = await next();
      if (gone) return;
      if (text === undefined) controller.close();
      else controller.enqueue(encoder.encode(text));
    },
    async cancel() {
      gone = true;
      await iterator.return?.();
    },
  });
}
