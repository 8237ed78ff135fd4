/** Validates and reads Redis URLs. */

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

/** A URL that names one node. */
export interface NodeUrl {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  /** Whether it names a database or options as well. */
  more: boolean;
}

export function readNodeUrl(url: string): NodeUrl {
  const { hostname, port, username, password, pathname, search } = new URL(url);
  return {
    // An IPv6 address is in brackets.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || DEFAULT_PORT),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    more: !/^\/?0?$/.test(pathname) || search !== '',
  };
}

const DEFAULT_PORT = 6379;

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
