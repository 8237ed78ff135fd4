import { z } from 'zod';
import { secret } from '../disclosure.ts';

/** Fields that several platforms and the rest of the configuration share. */

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Keys may be sent unencrypted only to this machine. */
export function isSafeBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
}

/** Credentials in a URL end up in logs, and a query or a fragment would be cut off by every request. */
function isBare(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === '';
}

/** An API's address: https, or http to the loopback. */
export const baseUrlField = z
  .string()
  .trim()
  .refine(isSafeBaseUrl, { error: 'must be an https URL (http only to this machine)', abort: true })
  .refine(isBare, 'must hold no credentials, query or fragment')
  .meta({ type: 'URL' });

/**
 * A name or credential that is sent in an HTTP header: printable ASCII without surrounding white space. A header ends at a line feed,
 * cannot contain most other control characters, and has no defined meaning beyond ASCII (RFC 9110, 5.5): every message would fail.
 */
export const headerField = printable();

/** A credential, whether or not it is sent in a header: a character beyond ASCII is a mistake. */
export const secretField = secret(printable());

function printable() {
  return z
    .string()
    .trim()
    .min(1)
    .regex(/^[\x20-\x7e]+$/, 'must be one line of printable ASCII, since it is sent in an HTTP header');
}

/** `true` or `false`, or its text, since a value from the environment is text: `${MAIL:-false}`. */
export const flag = () =>
  z
    .union(
      [z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')],
      'expected true or false',
    )
    .meta({ type: '`true` or `false`' });

/** A whole number, or its text, since a value from the environment is text: `${PORT:-9464}`. */
export function count({ from = 1, to = Number.MAX_SAFE_INTEGER }: { from?: number; to?: number } = {}) {
  const wording = to === Number.MAX_SAFE_INTEGER ? `from ${from}` : `from ${from} to ${to}`;
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .trim()
          .regex(/^\d{1,16}$/)
          .transform(Number),
      ],
      `expected a whole number ${wording}`,
    )
    .refine(
      (value) => Number.isSafeInteger(value) && value >= from && value <= to,
      `expected a whole number ${wording}`,
    )
    .meta({ type: 'whole number' });
}
