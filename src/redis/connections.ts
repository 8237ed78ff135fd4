import type { Redis, RedisOptions } from 'ioredis';
import { type Clock, systemClock } from '../clock.ts';
import { withTimeout } from '../timeout.ts';
import { checkNode } from './cluster-node.ts';
import { DatabaseRefusedError, unreachable } from './connection-errors.ts';
import { noAnswer } from './errors.ts';
import { refusedAtStart } from './guards.ts';
import type { RedisOption } from './option.ts';
import { reconnectWhenDemoted } from './reconnect.ts';
import { sourceOf } from './source.ts';
import type { Stores } from './stores.ts';

/**
 * All connections to Redis, by role. Roles differ in what they do while Redis is unreachable: a producer fails at its
 * timeout, an operator within seconds, a worker and a follower wait.
 */

const SHARED = {
  // ioredis' defaults, set explicitly: a given instance may have other options, which its duplicate would inherit.
  lazyConnect: false,
  enableOfflineQueue: true,
  commandTimeout: undefined,
  // Herald expects integers as numbers: with integers as text a worker would never start.
  stringNumbers: false,
  // In a pipeline, a script that Redis has flushed is not sent again.
  enableAutoPipelining: false,
  autoResendUnfulfilledCommands: true,
  // The reply format that BullMQ and the scripts expect.
  replyMapping: 'legacy',
  // How long a closing process waits for a peer that does not answer the end of the connection, milliseconds.
  disconnectTimeout: 100,
} as const satisfies RedisOptions;

/** The delay between attempts to connect grows by `stepMs` each time, up to `capMs`. */
const growing = (stepMs: number, capMs: number) => ({
  retryStrategy: (times: number) => Math.min(stepMs * times, capMs),
});

/** Commands wait while Redis is unreachable. */
const PATIENT = { ...SHARED, maxRetriesPerRequest: null, ...growing(50, 1_000) };

interface ProducerRole {
  /** How long a call may wait for Redis. */
  timeoutMs: number;
  clock: Pick<Clock, 'monotonic'>;
}

/**
 * Disables ioredis' offline queue (it would grow during an outage, and commands of calls that timed out would be sent
 * hours later) and its retries: the calls of a producer do both, within their timeout.
 */
const producerOptions = ({ timeoutMs, clock }: ProducerRole) => ({
  ...SHARED,
  ...growing(50, 500),
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  // If the peer vanished or froze, the connection is opened again while the call still has time for another node.
  socketTimeout: Math.ceil(timeoutMs / 2),
  connectTimeout: timeoutMs,
  reconnectOnError: reconnectWhenDemoted(clock),
});

const OPERATOR_TIMEOUT_MS = 5_000;
/** Longer than one connection may take. */
const CONNECT_TIMEOUT_MS = 6_000;

/** A command fails within seconds, with a reason; reconnecting continues, for `--watch`. */
const OPERATOR = {
  ...SHARED,
  ...growing(100, 1_000),
  lazyConnect: true,
  connectTimeout: OPERATOR_TIMEOUT_MS,
  socketTimeout: OPERATOR_TIMEOUT_MS,
  // About one and a half seconds: survives a network glitch, but not an outage.
  maxRetriesPerRequest: 5,
};

/** A worker closes a connection that has not answered for this long. Longer than a blocking command of BullMQ, 2 s. */
const SILENCE_MS = 6_000;

const workerOptions = (clock: Pick<Clock, 'monotonic'>) => ({
  ...PATIENT,
  reconnectOnError: reconnectWhenDemoted(clock),
  // Otherwise a peer that vanished (a firewall dropped the connection) would be waited for forever.
  socketTimeout: SILENCE_MS,
});

/**
 * The options of a worker's ledger connection: a command in flight when the connection breaks fails, instead of being
 * resent to a store whose recent writes are not restored yet. `behindGate` retries it.
 */
export const WATCHED_CONNECTION = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false } as const;

/** How long a follower blocks in one command at most, milliseconds. */
export const FOLLOWER_BLOCK_MS = 5_000;

/** Resends commands after a lost connection, and detects a peer that does not answer. */
const FOLLOWER = { ...PATIENT, socketTimeout: FOLLOWER_BLOCK_MS * 2 };

/**
 * Opens a producer's connections, not yet connected.
 * @param redis an instance is duplicated and not changed; also for the other roles
 * @param onOpen is called with each connection, before it connects; in a cluster also later
 * @throws TypeError for what is neither address nor instance
 */
export const openProducerStores = (
  redis: RedisOption,
  { onOpen, ...role }: ProducerRole & { onOpen(client: Redis): void },
): Stores => sourceOf(redis, role.clock)(producerOptions(role), onOpen);

/** A worker's connections, which connect at once. */
export interface WorkerConnections {
  /** For the queues and maintenance. */
  queues: Stores;
  /** For admissions and settlements: watched for failovers. */
  ledgers: Stores;
}

export function connectWorker(redis: RedisOption, clock: Pick<Clock, 'monotonic'>): WorkerConnections {
  const [open, options] = [sourceOf(redis, clock), workerOptions(clock)];
  return { queues: open(options), ledgers: open({ ...options, ...WATCHED_CONNECTION }) };
}

export interface FollowerConnections {
  readonly stores: Stores;
  /** See `refusedAtStart`. */
  readonly refused: Promise<never>;
}

/** Opens connections that survive outages; the caller disconnects them. */
export function connectFollower(redis: RedisOption): FollowerConnections {
  let refuse: (error: unknown) => void = () => {};
  const refused = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  refused.catch(() => {}); // A follower that is over no longer waits for it.
  const stores = sourceOf(redis, systemClock)(FOLLOWER, (client) => {
    client.on('error', () => {}); // Permanent errors reject `refused`; the others are retried.
    refusedAtStart(client).catch(refuse);
  });
  return { stores, refused };
}

/**
 * Opens an operator's connections, ready or failed within seconds; the caller disconnects them.
 * @throws RedisUnreachableError, DatabaseRefusedError; TypeError for what is neither address nor instance
 */
export async function connectOperator(redis: RedisOption): Promise<Stores> {
  const stores = sourceOf(redis, systemClock)(OPERATOR);
  const { directory } = stores;
  let lastError: Error | undefined;
  directory.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    // Sentinels that are away are asked again and again.
    const late = (): Promise<never> => Promise.reject(noAnswer(CONNECT_TIMEOUT_MS));
    await withTimeout(directory.connect(), CONNECT_TIMEOUT_MS, late);
  } catch (error) {
    stores.disconnect();
    throw unreachable(directory, lastError ?? error);
  }
  if (!lastError) return await checkedNode(stores);
  // Connected nevertheless: the database was refused, and commands would go to another one.
  stores.disconnect();
  throw new DatabaseRefusedError(directory.options.db, lastError.message);
}

async function checkedNode(stores: Stores): Promise<Stores> {
  try {
    await checkNode(stores.directory);
    return stores;
  } catch (error) {
    stores.disconnect();
    throw error;
  }
}
