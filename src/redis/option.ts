import type { Redis } from 'ioredis';
import { isRedisUrl, REDIS_URL_WANTED } from './url.ts';

/**
 * An ioredis instance of the application, of version 5 or later and of any installed copy: hence recognized by shape, not
 * by class. It is duplicated and not changed.
 */
export interface RedisInstance {
  readonly options: object;
  readonly isCluster: boolean;
  duplicate(override?: object): unknown;
}

/**
 * Validates the option `redis`: a URL, or an ioredis instance (of any installed copy).
 * @throws TypeError that names the option but never quotes it, since a URL may contain a password
 */
export function checkRedis(redis: unknown): asserts redis is string | Redis {
  if (typeof redis === 'string') {
    if (!isRedisUrl(redis)) throw new TypeError(`redis: ${REDIS_URL_WANTED}`);
    return;
  }
  const { options, duplicate, isCluster, cluster } = Object(redis) as Partial<Redis> & { cluster?: unknown };
  // An instance has a command of that name.
  if (isCluster || typeof cluster === 'object')
    throw new TypeError('redis: Redis Cluster is not supported; pass the URL or instance of a single Redis');
  if (typeof duplicate !== 'function' || !options)
    throw new TypeError(`redis: ${REDIS_URL_WANTED}, or an ioredis instance`);
  // Other processes would not find keys under a prefix of this connection.
  if (options.keyPrefix) throw new TypeError('redis: an instance with a keyPrefix is not supported');
}
