import type { Redis } from 'ioredis';
import { unreachable } from './connection-errors.ts';
import { refusesLogin } from './errors.ts';

/**
 * What no patience mends at the start: a login that is refused, a server that is no Redis. Later, the same is met as an
 * outage: a password may be changed on both sides, one after the other.
 * @returns a promise that rejects with RedisUnreachableError, and never resolves
 */
export function guardLogin(redis: Redis): Promise<never> {
  return new Promise<never>((_, reject) => {
    const hear = (error: Error): void => {
      if (refusesLogin(error)) reject(unreachable(redis, error));
    };
    redis.on('error', hear);
    redis.once('ready', () => redis.off('error', hear));
  });
}
