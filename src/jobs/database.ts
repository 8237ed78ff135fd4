import type { Redis } from 'ioredis';
import { DatabaseRefusedError } from './errors.ts';
import { isRefusal } from './redis-errors.ts';

/**
 * Makes sure that a connection uses the database that its options name: where Redis refuses it, ioredis goes on in
 * database 0, which may be another program's. Waits for a Redis that is away if the connection does.
 * @throws DatabaseRefusedError
 */
export async function checkDatabase(redis: Redis): Promise<void> {
  const database = Number(redis.options.db);
  // Every connection begins in 0, and Redis where only that one exists may not know SELECT.
  if (!database) return;
  try {
    await redis.select(database);
  } catch (error) {
    throw isRefusal(error) ? new DatabaseRefusedError(database, error.message) : error;
  }
}
