import { Redis } from 'ioredis';
import { guardDatabase } from './database.ts';
import { guardLogin } from './login.ts';
import { checkRedis, PLAIN_CONNECTION, type RedisInstance } from './option.ts';
import { tlsOptions } from './url.ts';

/** The longest that a follower blocks in one command, milliseconds. */
export const FOLLOWER_BLOCK_MS = 5_000;

/** Waits for a Redis that is away, asks again what a lost connection left open, and notices a peer that went silent. */
const OPTIONS = {
  ...PLAIN_CONNECTION,
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(50 * times, 1_000),
  socketTimeout: FOLLOWER_BLOCK_MS * 2,
  disconnectTimeout: 100,
};

export interface FollowerConnection {
  readonly client: Redis;
  /** Rejects where the database is refused or, before the first connection, the login; never resolves. */
  readonly refused: Promise<never>;
}

/**
 * A connection of one's own that outlives outages; whoever opens it disconnects it.
 * @param redis a redis:// or rediss:// URL, or an instance, which is duplicated and otherwise left alone
 * @throws TypeError for what is neither
 */
export function connectFollower(redis: string | RedisInstance): FollowerConnection {
  checkRedis(redis);
  const client =
    typeof redis === 'string'
      ? new Redis(redis, { ...OPTIONS, ...tlsOptions(redis) })
      : redis.duplicate(OPTIONS);
  client.on('error', () => {}); // What ends the waiting is told by `refused`; the rest passes.
  const refused = Promise.race([guardDatabase(client), guardLogin(client)]);
  refused.catch(() => {});
  return { client, refused };
}
