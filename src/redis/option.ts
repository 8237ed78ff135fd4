import type { Redis } from 'ioredis';
import { isRedisUrl, REDIS_URL_WANTED } from './url.ts';

/**
 * An ioredis instance of the application's own, of whatever version from 5 on and whatever copy: so by its shape and not by
 * its class. It is duplicated and otherwise left alone.
 */
export interface RedisInstance {
  readonly options: object;
  readonly isCluster: boolean;
  duplicate(override?: object): unknown;
}

/**
 * What an application names as its Redis: a URL, or an ioredis instance (of whatever copy of ioredis).
 * @throws TypeError that names the option and never repeats it, for a URL may hold a password
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
  // Other programs could not find keys under a prefix that only this connection knows.
  if (options.keyPrefix) throw new TypeError('redis: an instance with a keyPrefix is not supported');
}
