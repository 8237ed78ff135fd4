/** Validates Redis URLs. */

export const REDIS_URL_WANTED = 'expected a redis:// or rediss:// URL, as redis://user:password@host:6379/0';

const DATABASE = /^\d*$/;

/** Stricter than ioredis, which fails later, with obscure errors, on a path that is not a number or a malformed `%` escape. */
export function isRedisUrl(text: string): boolean {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { pathname, searchParams, username, password } = new URL(text);
  const databases = [pathname.replace(/^\//, ''), ...searchParams.getAll('db')];
  return databases.every((name) => DATABASE.test(name)) && [username, password].every(isDecodable);
}

/**
 * TLS options for ioredis: enables certificate verification explicitly, since the environment
 * (NODE_TLS_REJECT_UNAUTHORIZED) could otherwise disable it.
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
