/** What Herald takes as the address of a Redis, wherever somebody writes one. */

export const REDIS_URL_WANTED = 'expected a redis:// or rediss:// URL, as redis://user:password@host:6379/0';

const DATABASE = /^\d*$/;

/** ioredis takes more than it can use: a path that is no number, or a `%` without its digits, ends in its own depths. */
export function isRedisUrl(text: string): boolean {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { pathname, searchParams, username, password } = new URL(text);
  const databases = [pathname.replace(/^\//, ''), ...searchParams.getAll('db')];
  return databases.every((name) => DATABASE.test(name)) && [username, password].every(isDecodable);
}

/**
 * Options for ioredis besides the URL: that a certificate is verified is said aloud, since the environment
 * (NODE_TLS_REJECT_UNAUTHORIZED) could turn it off otherwise.
 */
export const tlsOptions = (url: string): { tls?: { rejectUnauthorized: true } } =>
  url.startsWith('rediss:') ? { tls: { rejectUnauthorized: true } } : {};

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
