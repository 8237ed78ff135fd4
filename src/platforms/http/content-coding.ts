import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

/**
 * Decompresses the body of an answer. No compression is requested, but a proxy may compress anyway.
 */
export type Decoded = { kind: 'decoded'; body: Buffer } | { kind: 'too_large' } | { kind: 'undecodable' };

type Decode = (body: Buffer, limit: { maxOutputLength: number }) => Promise<Buffer>;

const ungzip: Decode = promisify(gunzip);
const zlibInflate: Decode = promisify(inflate);
const rawInflate: Decode = promisify(inflateRaw);

const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: ungzip,
  'x-gzip': ungzip,
  br: promisify(brotliDecompress),
  // Specified with zlib's header, but many send it without (RFC 9110, 8.4.1.2).
  deflate: async (body, limit) =>
    zlibInflate(body, limit).catch((error: unknown) => {
      if (isTooLarge(error)) throw error;
      return rawInflate(body, limit);
    }),
};
/** No server in good faith applies more layers. */
const MAX_CODINGS = 3;

/** The codings of a `Content-Encoding`, in the order in which they were applied. */
export function codingsOf(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  const names = String(header)
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '' && name !== 'identity');
}

/** Never rejects. @param maxBytes the limit for the result of each layer */
export async function decodeBody(body: Buffer, codings: string[], maxBytes: number): Promise<Decoded> {
  if (codings.length > MAX_CODINGS) return { kind: 'undecodable' };
  let decoded = body;
  for (const coding of codings.toReversed()) {
    const decode = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
    if (decode === undefined) return { kind: 'undecodable' };
    try {
      decoded = await decode(decoded, { maxOutputLength: maxBytes });
    } catch (error) {
      return { kind: isTooLarge(error) ? 'too_large' : 'undecodable' };
    }
  }
  return { kind: 'decoded', body: decoded };
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
