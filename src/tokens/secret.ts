import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The text of a token, `herald_<id>_<secret>`. Secret scanners find it by the prefix; the id leads to its record without a search;
 * the secret has 256 random bits, so a plain SHA-256 of the whole is all that has to be stored.
 */

const ID_BYTES = 6;
const SECRET_BYTES = 32;
const TOKEN = /^herald_(?<id>[0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

export const newTokenId = (): string => randomBytes(ID_BYTES).toString('hex');

export const newToken = (id: string): string =>
  `herald_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;

/** The id in a token's text; undefined for any other text. */
export const tokenIdOf = (text: string): string | undefined => TOKEN.exec(text)?.groups?.['id'];

/** In hexadecimal. */
export const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Compares two digests in constant time. */
export function sameDigest(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')];
  return a.length === b.length && timingSafeEqual(a, b);
}
