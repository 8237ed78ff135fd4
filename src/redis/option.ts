import { addressProblem, REDIS_WANTED, type RedisAddress } from './address.ts';

/**
 * An ioredis instance of the application, a `Redis` or a `Cluster`, of version 5 or later and of any installed copy: hence
 * recognized by shape, not by class. It is not changed.
 */
export interface RedisInstance {
  readonly options: object;
  readonly isCluster: boolean;
  duplicate(...override: never[]): unknown;
}

/** The option `redis`: an address, or an ioredis instance, which is duplicated and never closed. */
export type RedisOption = RedisAddress | RedisInstance;

export function isInstance(redis: unknown): redis is RedisInstance {
  const { options, duplicate } = Object(redis) as Partial<RedisInstance>;
  return typeof duplicate === 'function' && typeof options === 'object' && options !== null;
}

/**
 * Validates the option `redis`.
 * @throws TypeError that names the field but never quotes it, since a URL may contain a password
 */
export function checkRedis(redis: unknown): asserts redis is RedisOption {
  if (isInstance(redis)) return checkInstance(redis);
  const problem = addressProblem(redis);
  if (!problem) return;
  const wanted =
    problem.message === REDIS_WANTED ? `${REDIS_WANTED}; or an ioredis instance` : problem.message;
  throw new TypeError(`${['redis', ...problem.path].join('.')}: ${wanted}`);
}

function checkInstance({ options }: RedisInstance): void {
  const { keyPrefix, redisOptions } = options as {
    keyPrefix?: unknown;
    redisOptions?: { keyPrefix?: unknown };
  };
  // Other processes would not find keys that this connection prefixes.
  if (keyPrefix || redisOptions?.keyPrefix)
    throw new TypeError('redis: an instance with a keyPrefix is not supported');
}
