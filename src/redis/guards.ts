import type { Redis } from 'ioredis';
import { DatabaseRefusedError, unreachable } from './connection-errors.ts';
import { isRefusedDatabase, refusesLogin } from './errors.ts';

/**
 * What no patience mends, of a connection that waits for Redis.
 * @returns a promise that rejects with DatabaseRefusedError where the database is refused or, before the first connection,
 *   with RedisUnreachableError where the login is, or the server is no Redis; it never resolves
 */
export function refusedAtStart(redis: Redis): Promise<never> {
  const refused = Promise.race([guardDatabase(redis), guardLogin(redis)]);
  // A worker that runs no longer waits for it; later refusals are logged.
  refused.catch(() => {});
  return refused;
}

/**
 * Keeps a connection from the database of another program: where Redis refuses the one that was named, ioredis would
 * go on in database 0, and what waits for the connection would be written there. It never gets ready instead.
 */
const guardDatabase = (redis: Redis): Promise<never> =>
  new Promise<never>((_, reject) => {
    redis.on('error', (error: Error) => {
      if (!isRefusedDatabase(error)) return;
      reject(new DatabaseRefusedError(redis.options.db, error.message));
      redis.disconnect(true);
    });
  });

/** Only at the start. Later, the same is met as an outage: a password may be changed on both sides, one after the other. */
const guardLogin = (redis: Redis): Promise<never> =>
  new Promise<never>((_, reject) => {
    const hear = (error: Error): void => {
      if (refusesLogin(error)) reject(unreachable(redis, error));
    };
    redis.on('error', hear);
    redis.once('ready', () => redis.off('error', hear));
  });
