import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { problem } from './problem.ts';

/** Reads the body of a request, from Node's own: whatever it holds, it takes no more memory and time than this. */

/** Of a body that is read as a whole, and of a line of one that is not: the largest message has some 200 KiB. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** A body that is read as a whole has to be here by then, however slowly it comes. Milliseconds. */
const BODY_MS = 30_000;
const MAX_CHUNKS = 1024;

export function tooLarge(): never {
  throw problem('too_large', `at most ${MAX_BODY_BYTES} bytes are taken`);
}

/** @throws ApiProblem */
export async function readBody(incoming: IncomingMessage): Promise<string> {
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) tooLarge();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), BODY_MS);
  try {
    const bytes = await gathered(incoming, late.signal);
    if (!isUtf8(bytes)) throw problem('bad_request', 'the body is not valid UTF-8');
    return bytes.toString('utf8');
  } finally {
    clearTimeout(timer);
  }
}

function gathered(incoming: IncomingMessage, late: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (act: () => void): void => {
      incoming.off('data', take).off('end', whole).off('close', broken).off('error', broken);
      late.removeEventListener('abort', slow);
      act();
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      // Bytes that come one at a time would each take a hundred times their size.
      if (chunks.length === MAX_CHUNKS) chunks.splice(0, MAX_CHUNKS, Buffer.concat(chunks));
      if (length > MAX_BODY_BYTES)
        end(() => reject(problem('too_large', `at most ${MAX_BODY_BYTES} bytes are taken`)));
    };
    const whole = (): void => end(() => resolve(Buffer.concat(chunks)));
    const broken = (): void =>
      end(() => reject(problem('bad_request', 'the connection ended within the body')));
    const slow = (): void =>
      end(() => reject(problem('request_timeout', `the body has to arrive within ${BODY_MS / 1000} s`)));
    incoming.on('data', take).on('end', whole).on('close', broken).on('error', broken);
    late.addEventListener('abort', slow);
  });
}

/** @throws ApiProblem; it does not quote the body, which may hold what no log should */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw problem('bad_request', 'the body is not valid JSON');
  }
}
