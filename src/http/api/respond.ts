import type { IncomingMessage } from 'node:http';
import type { Answer } from './route.ts';
import { JSON_TYPE } from './route.ts';

/** Turns an answer into a response. */

export const PROBLEM_TYPE = 'application/problem+json';

/** Answers are for the one who asked, and no page may read them as something else. */
const FIXED = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Where the body of the request was not read, as when it is refused for its headers, the connection ends with the answer. */
const unread = ({ method, readableEnded, headers }: IncomingMessage): boolean =>
  (method !== 'GET' && !readableEnded && (headers['content-length'] ?? '0') !== '0') ||
  headers['transfer-encoding'] !== undefined;

export function respond(
  answer: Answer,
  headers: Readonly<Record<string, string>>,
  { incoming }: { incoming: IncomingMessage },
): Response {
  const { status } = answer;
  const all = { ...FIXED, ...headers, ...answer.headers };
  if ('stream' in answer) {
    return new Response(encoded(answer.stream), { status, headers: { ...all, 'content-type': answer.type } });
  }
  const type = status >= 400 ? PROBLEM_TYPE : JSON_TYPE;
  const connection: Record<string, string> = status >= 400 && unread(incoming) ? { connection: 'close' } : {};
  return new Response(JSON.stringify(answer.body), {
    status,
    headers: { ...all, ...connection, 'content-type': type },
  });
}

/** What is not read is not made: the source is asked for more when the client has taken what there was. */
function encoded(source: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
