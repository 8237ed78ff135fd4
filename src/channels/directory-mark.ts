import type { Redis } from 'ioredis';
import { newNonce } from '../ledger/names.ts';
import { DIRECTORY_MARK_KEY } from '../redis/keys.ts';

/**
 * A random name in the directory by which a worker notices that the directory was emptied: no connection breaks then, and no message
 * needs anything there. What a failover loses is restored after reconnecting, whether the name is lost or not.
 */
export interface DirectoryMark {
  /** Call when everything has been restored. All workers have the same name: the first one's. */
  set(): Promise<void>;
  holds(): Promise<boolean>;
}

export function createDirectoryMark(redis: Redis): DirectoryMark {
  let known: string | null = null;
  return {
    async set() {
      await redis.set(DIRECTORY_MARK_KEY, newNonce(), 'NX');
      known = await redis.get(DIRECTORY_MARK_KEY);
    },
    holds: async () => known === null || (await redis.get(DIRECTORY_MARK_KEY)) === known,
  };
}
