import type { IncomingMessage } from 'node:http';

/** Reads the whole body of a request from Node's own stream, within bounds of memory and time. */

/** A body that has not arrived within this time is refused, milliseconds. */
export const BODY_MS = 30_000;
const MAX_CHUNKS = 1024;

/** `late`: it did not arrive within `BODY_MS`. `broken`: the connection ended within it. */
export type ReadBody = { kind: 'whole'; bytes: Buffer } | { kind: 'too_large' | 'late' | 'broken' };

export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<ReadBody> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) return { kind: 'too_large' };
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), BODY_MS);
  try {
    return await gathered(incoming, maxBytes, late.signal);
  } finally {
    clearTimeout(timer);
  }
}

function gathered(incoming: IncomingMessage, maxBytes: number, late: AbortSignal): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (result: ReadBody): void => {
      incoming.off('data', take).off('end', whole).off('close', broken).off('error', broken);
      late.removeEventListener('abort', slow);
      resolve(result);
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      // Joined, because bytes that arrive one at a time would each take a hundred times their size.
      if (chunks.length === MAX_CHUNKS) chunks.splice(0, MAX_CHUNKS, Buffer.concat(chunks));
      if (length > maxBytes) end({ kind: 'too_large' });
    };
    const whole = (): void => end({ kind: 'whole', bytes: Buffer.concat(chunks) });
    const broken = (): void => end({ kind: 'broken' });
    const slow = (): void => end({ kind: 'late' });
    incoming.on('data', take).on('end', whole).on('close', broken).on('error', broken);
    late.addEventListener('abort', slow);
  });
}
