import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { BODY_MS, type ReadBody, readBody } from '../http/read-body.ts';
import { type ApiProblem, problem } from './problem.ts';

/** The body of a request as text and as JSON. */

/** The limit for a body that is read as a whole, and for each line of a stream: the largest message has some 200 KiB. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** @throws ApiProblem */
export async function readText(incoming: IncomingMessage): Promise<string> {
  const body = await readBody(incoming, MAX_BODY_BYTES);
  if (body.kind !== 'whole') throw unreadable(body.kind);
  if (!isUtf8(body.bytes)) throw problem('bad_request', 'the body is not valid UTF-8');
  return body.bytes.toString('utf8');
}

function unreadable(kind: Exclude<ReadBody['kind'], 'whole'>): ApiProblem {
  if (kind === 'too_large') return problem('too_large', `at most ${MAX_BODY_BYTES} bytes are taken`);
  if (kind === 'broken') return problem('bad_request', 'the connection ended within the body');
  return problem('request_timeout', `the body has to arrive within ${BODY_MS / 1000} s`);
}

/** @throws ApiProblem; it does not quote the body, which may hold what no log should */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw problem('bad_request', 'the body is not valid JSON');
  }
}
