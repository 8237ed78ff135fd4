import { Redis } from 'ioredis';
import { DatabaseRefusedError, unreachable } from './connection-errors.ts';
import { checkRedis, type RedisInstance } from './option.ts';
import { tlsOptions } from './url.ts';

const TIMEOUT_MS = 5_000;
/** Some one and a half seconds: a command outlives a blink of the network and no outage. */
const RECONNECTS = 5;

/** An operator waits for an answer and then reads the reason; who watches sees Redis come back. */
const OPTIONS = {
  lazyConnect: true,
  // The shapes of answers that BullMQ and the scripts expect, whatever an instance handed in prefers.
  replyMapping: 'legacy' as const,
  connectTimeout: TIMEOUT_MS,
  socketTimeout: TIMEOUT_MS,
  maxRetriesPerRequest: RECONNECTS,
  retryStrategy: (times: number) => Math.min(100 * times, 1_000),
  // The time for which a peer's answer to the end of the connection keeps the process alive.
  disconnectTimeout: 100,
};

/**
 * A connection of one's own, ready or refused within seconds; whoever opens it disconnects it.
 * @param redis a redis:// or rediss:// URL, or an instance, which is duplicated and otherwise left alone
 * @throws RedisUnreachableError, DatabaseRefusedError; TypeError for what is neither
 */
export async function connectRedis(redis: string | RedisInstance): Promise<Redis> {
  checkRedis(redis);
  const client =
    typeof redis === 'string'
      ? new Redis(redis, { ...OPTIONS, ...tlsOptions(redis) })
      : redis.duplicate(OPTIONS);
  let heard: Error | undefined;
  client.on('error', (error: Error) => {
    heard = error;
  });
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    throw unreachable(client, heard ?? error);
  }
  if (!heard) return client;
  // Connected all the same: the database was refused, and what follows would go to another one.
  client.disconnect();
  throw new DatabaseRefusedError(client.options.db, heard.message);
}
