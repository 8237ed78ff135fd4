import type { Redis } from 'ioredis';
import { checkNode } from './cluster-node.ts';
import { DatabaseRefusedError, unreachable } from './connection-errors.ts';
import { isRefusedDatabase, refusesLogin } from './errors.ts';

/**
 * Detects errors that a retry cannot fix, on a connection that waits for Redis.
 * @returns a promise that rejects with DatabaseRefusedError if the database is refused or, before the first connection,
 *   with RedisUnreachableError if the login is refused, the server is not Redis, or one node of a cluster; it never resolves
 */
export function refusedAtStart(redis: Redis): Promise<never> {
  const refused = Promise.race([guardDatabase(redis), guardLogin(redis), guardNode(redis)]);
  // Nobody awaits it once a worker runs; later refusals are logged.
  refused.catch(() => {});
  return refused;
}

/**
 * Prevents writes to the database of another program: if Redis refuses the configured database, ioredis would continue in
 * database 0 and send the queued commands there. With this, the connection never becomes ready.
 */
const guardDatabase = (redis: Redis): Promise<never> =>
  new Promise<never>((_, reject) => {
    redis.on('error', (error: Error) => {
      if (!isRefusedDatabase(error)) return;
      reject(new DatabaseRefusedError(redis.options.db, error.message));
      redis.disconnect(true);
    });
  });

/** Only on the first connection: a running process waits while a cluster is reconfigured. */
const guardNode = (redis: Redis): Promise<never> =>
  new Promise<never>((_, reject) => {
    redis.once('ready', () => void checkNode(redis).catch(reject));
  });

/** Only until the first connection. Later, a refused login counts as an outage: a password may be changed on both sides, one after the other. */
const guardLogin = (redis: Redis): Promise<never> =>
  new Promise<never>((_, reject) => {
    const onError = (error: Error): void => {
      if (refusesLogin(error)) reject(unreachable(redis, error));
    };
    redis.on('error', onError);
    redis.once('ready', () => redis.off('error', onError));
  });
