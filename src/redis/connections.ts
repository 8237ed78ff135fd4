import { Redis, type RedisOptions } from 'ioredis';
import type { Clock } from '../clock.ts';
import { DatabaseRefusedError, unreachable } from './connection-errors.ts';
import { refusedAtStart } from './guards.ts';
import { checkRedis, type RedisInstance } from './option.ts';
import { reconnectWhenDemoted } from './reconnect.ts';
import { tlsOptions } from './url.ts';

/**
 * Every connection of Herald's, by its role. Roles differ in what they do while Redis is away: a producer gives up in its
 * time, an operator within seconds, a worker and a follower wait.
 */

const SHARED = {
  // ioredis' own defaults, said aloud: an instance handed in may have others, and its duplicate with it.
  lazyConnect: false,
  enableOfflineQueue: true,
  commandTimeout: undefined,
  // The shapes of answers that BullMQ and the scripts expect.
  replyMapping: 'legacy',
  // For so long a peer that does not answer the end of a connection keeps a closed process alive, milliseconds.
  disconnectTimeout: 100,
} as const satisfies RedisOptions;

/** Pauses between tries to connect: `stepMs` longer each time, `capMs` at most. */
const growing = (stepMs: number, capMs: number) => ({
  retryStrategy: (times: number) => Math.min(stepMs * times, capMs),
});

/** Commands wait for a Redis that is away. */
const PATIENT = { ...SHARED, maxRetriesPerRequest: null, ...growing(50, 1_000) };

/**
 * Neither a queue of commands that wait for the connection (it would grow for as long as an outage lasts, and what
 * callers gave up on would be sent hours later) nor ioredis' own retries: a producer's calls do both, within their time.
 */
const producerOptions = (timeoutMs: number, clock: Pick<Clock, 'monotonic'>) => ({
  ...SHARED,
  ...growing(50, 500),
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  // A peer that vanished or froze: the connection is dropped and opened again.
  socketTimeout: timeoutMs,
  connectTimeout: timeoutMs,
  reconnectOnError: reconnectWhenDemoted(clock),
});

const OPERATOR_TIMEOUT_MS = 5_000;

/** An operator waits for an answer and then reads the reason; `--watch` outlives an outage. */
const OPERATOR = {
  ...SHARED,
  ...growing(100, 1_000),
  lazyConnect: true,
  connectTimeout: OPERATOR_TIMEOUT_MS,
  socketTimeout: OPERATOR_TIMEOUT_MS,
  // Some one and a half seconds: a command outlives a blink of the network and no outage.
  maxRetriesPerRequest: 5,
};

/** Without an answer for this long a worker gives a connection up. Longer than BullMQ's blocking question for a job, of 10 s. */
const SILENCE_MS = 12_000;

const workerOptions = (clock: Pick<Clock, 'monotonic'>) => ({
  ...PATIENT,
  reconnectOnError: reconnectWhenDemoted(clock),
  // A peer that vanished (a firewall that dropped the connection) would be waited for forever.
  socketTimeout: SILENCE_MS,
});

/**
 * How a worker's connection for the ledger differs: a call that was in flight when it broke fails, instead of being sent
 * again to a store that has not been told yet what it may be missing. `behindGate` makes it again.
 */
export const WATCHED_CONNECTION = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false } as const;

/** The longest that a follower blocks in one command, milliseconds. */
export const FOLLOWER_BLOCK_MS = 5_000;

/** Asks again what a lost connection left open, and notices a peer that went silent. */
const FOLLOWER = { ...PATIENT, socketTimeout: FOLLOWER_BLOCK_MS * 2 };

function open(redis: string | RedisInstance, options: RedisOptions & { replyMapping: 'legacy' }): Redis {
  checkRedis(redis);
  return typeof redis === 'string'
    ? new Redis(redis, { ...options, ...tlsOptions(redis) })
    : redis.duplicate(options);
}

/**
 * A producer's connection, not yet connected.
 * @param redis a URL, or an instance, which is duplicated and otherwise left alone; so with the other roles
 * @throws TypeError for what is neither
 */
export const openProducerClient = (
  redis: string | RedisInstance,
  timeoutMs: number,
  clock: Pick<Clock, 'monotonic'>,
): Redis => open(redis, producerOptions(timeoutMs, clock));

/** A worker's connections: one for its queues, one that is watched for the ledger. Both connect at once. */
export function connectWorker(redis: string | RedisInstance, clock: Pick<Clock, 'monotonic'>) {
  const options = workerOptions(clock);
  return { redis: open(redis, options), ledgerRedis: open(redis, { ...options, ...WATCHED_CONNECTION }) };
}

export interface FollowerConnection {
  readonly client: Redis;
  /** As `refusedAtStart` tells it. */
  readonly refused: Promise<never>;
}

/** A connection that outlives outages; whoever opens it disconnects it. */
export function connectFollower(redis: string | RedisInstance): FollowerConnection {
  const client = open(redis, FOLLOWER);
  client.on('error', () => {}); // `refused` rejects with what ends the waiting; the rest passes.
  return { client, refused: refusedAtStart(client) };
}

/**
 * An operator's connection, ready or refused within seconds; whoever opens it disconnects it.
 * @throws RedisUnreachableError, DatabaseRefusedError; TypeError for what is neither URL nor instance
 */
export async function connectOperator(redis: string | RedisInstance): Promise<Redis> {
  const client = open(redis, OPERATOR);
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
  // Connected anyway: the database was refused, and what follows would go to another one.
  client.disconnect();
  throw new DatabaseRefusedError(client.options.db, heard.message);
}
