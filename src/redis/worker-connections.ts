import { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { checkRedis, PLAIN_CONNECTION, type RedisInstance } from './option.ts';
import { reconnectWhenDemoted } from './reconnect.ts';
import { tlsOptions } from './url.ts';

/**
 * How the watched connection has to be made: a call that was under way when it broke fails, instead of being sent again
 * to a store that has not been told yet. `behindGate` makes it again.
 */
export const WATCHED_CONNECTION = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
} as const;

/** Without an answer for so long a connection is given up. Longer than BullMQ's blocking question for a job, of 10 s. */
const SILENCE_MS = 12_000;

/**
 * A worker's connections: one for its queues, one that is watched for the ledger. Both connect at once.
 * @param redis a URL, or an instance, which is duplicated and otherwise left alone
 */
export function connectWorker(redis: string | RedisInstance, clock: Pick<Clock, 'monotonic'>) {
  checkRedis(redis);
  const connect = (own: Partial<typeof WATCHED_CONNECTION> = {}): Redis => {
    const options = {
      // Commands wait for a Redis that is away: a worker's answer to an outage is patience.
      maxRetriesPerRequest: null,
      retryStrategy: (times: number) => Math.min(50 * times, 1_000),
      reconnectOnError: reconnectWhenDemoted(clock),
      // A peer that went away without a word (a firewall that forgot the connection) would be waited for without end.
      socketTimeout: SILENCE_MS,
      // A peer that does not answer the end of a connection must not keep a closed worker alive.
      disconnectTimeout: 100,
      // What an instance handed in may have otherwise.
      ...PLAIN_CONNECTION,
      ...own,
    };
    return typeof redis === 'string'
      ? new Redis(redis, { ...options, ...tlsOptions(redis) })
      : redis.duplicate(options);
  };
  return { redis: connect(), ledgerRedis: connect(WATCHED_CONNECTION) };
}
