import type { Redis } from 'ioredis';
import { DatabaseRefusedError } from './connection-errors.ts';
import { isRefusedDatabase } from './errors.ts';

/**
 * Keeps a connection from the database of another program: where Redis refuses the one that was named, ioredis would
 * go on in database 0, and what waits for the connection would be written there. It never gets ready instead.
 * @returns a promise that rejects with DatabaseRefusedError at the first refusal, and never resolves
 */
export function guardDatabase(redis: Redis): Promise<never> {
  const refused = new Promise<never>((_, reject) => {
    redis.on('error', (error: Error) => {
      if (!isRefusedDatabase(error)) return;
      reject(new DatabaseRefusedError(redis.options.db, error.message));
      redis.disconnect(true);
    });
  });
  // Who runs long enough no longer waits for it; the log tells of later refusals.
  refused.catch(() => {});
  return refused;
}
