import type { Redis } from 'ioredis';
import { HeraldError } from '../error.ts';
import { connectionTrouble } from './errors.ts';

/** The errors of connecting to Redis. */

/** Redis refuses the database of the URL or options; using another one would be wrong. */
export class DatabaseRefusedError extends HeraldError {
  override readonly name = 'DatabaseRefusedError';
  readonly code = 'HERALD_DATABASE_REFUSED';
  constructor(database: number | string | undefined, answer: string) {
    super(`Redis refused database ${database}: ${answer.slice(0, 200)}`);
  }
}

/** Redis is unreachable, refuses the login, is not a Redis server, or one node of a cluster. `message` is one sentence with the address and the cause. */
export class RedisUnreachableError extends HeraldError {
  override readonly name = 'RedisUnreachableError';
  readonly code = 'HERALD_REDIS_UNREACHABLE';
}

/** Builds the error: the address of the Redis and the cause. */
export const unreachable = ({ options }: Redis, cause: unknown): RedisUnreachableError =>
  new RedisUnreachableError(`Redis ${placeOf(options)} ${connectionTrouble(cause)}`, { cause });

const placeOf = ({ sentinels, name, host, port }: Redis['options']): string =>
  sentinels ? `master ${name} of Sentinel` : `at ${host}:${port}`;
