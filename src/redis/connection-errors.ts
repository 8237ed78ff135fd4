import type { Redis } from 'ioredis';
import { HeraldError } from '../error.ts';
import { connectionTrouble } from './errors.ts';

/** What a connection to Redis ends with, whoever opened it. */

/** Redis refuses the database that its URL or its options name; another one would be the wrong one. */
export class DatabaseRefusedError extends HeraldError {
  override readonly name = 'DatabaseRefusedError';
  readonly code = 'HERALD_DATABASE_REFUSED';
  constructor(database: number | string | undefined, answer: string) {
    super(`Redis refused database ${database}: ${answer.slice(0, 200)}`);
  }
}

/** Redis does not answer, or not to us: it is away, refuses the login, or is none. `message` is one sentence that names the address and the cause. */
export class RedisUnreachableError extends HeraldError {
  override readonly name = 'RedisUnreachableError';
  readonly code = 'HERALD_REDIS_UNREACHABLE';
}

/** One sentence of a Redis that cannot be used: its address, and what it did. */
export const unreachable = ({ options }: Redis, cause: unknown): RedisUnreachableError =>
  new RedisUnreachableError(`Redis at ${options.host}:${options.port} ${connectionTrouble(cause)}`, {
    cause,
  });
