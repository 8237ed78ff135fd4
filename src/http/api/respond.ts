import type { Answer } from './route.ts';
import { JSON_TYPE } from './route.ts';

/**
 * Turns an answer into a response. A body that was not read, as when a request is refused for its headers, is read for half a second
 * more by the server below: a connection that ended at once would take the answer with it.
 */

export const PROBLEM_TYPE = 'application/problem+json';

/** Answers are for the one who asked, and no page may read them as something else. */
const FIXED = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function respond(answer: Answer, headers: Readonly<Record<string, string>>): Response {
  const { status } = answer;
  const all = { ...FIXED, ...headers, ...answer.headers };
  if ('stream' in answer) {
    return new Response(encoded(answer.stream), { status, headers: { ...all, 'content-type': answer.type } });
  }
  const type = status >= 400 ? PROBLEM_TYPE : JSON_TYPE;
  return new Response(JSON.stringify(answer.body), {
    status,
    headers: { ...all, 'content-type': type },
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
