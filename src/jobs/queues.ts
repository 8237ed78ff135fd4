import { randomFillSync } from 'node:crypto';

/**
 * The wire contract of the queues: where jobs and receipts live in Redis and how they are named. Producers in other
 * languages rely on it.
 */

export const PREFIX = 'herald';
/** A job that carries one message. */
export const MESSAGE_JOB = 'message';
/** Hash of the channels that workers have announced: name → facts. */
export const CHANNELS_KEY = `${PREFIX}:channels`;

export const CHANNEL_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** The braces are the cluster's hash tag: all keys of a channel live on one node. */
export const queueName = (channel: string): string => `{${channel}}`;

/** `herald:{<channel>}`: what every key of a channel begins with. */
export const channelKey = (channel: string): string => `${PREFIX}:${queueName(channel)}`;

/** The capped stream of final states. */
export const receiptsKey = (channel: string): string => `${channelKey(channel)}:receipts`;

/** Which channel an account belongs to; the hash names the account. */
export const accountKey = (hash: string): string => `${PREFIX}:{account:${hash}}`;

/** What the ledger's keys begin with. */
export const ledgerBase = (channel: string): string => `${channelKey(channel)}:ledger`;

/**
 * The job that a message was enqueued with, of any job of the message: a replay adds the run (`m_x:#2`), and the instant of
 * enqueue where another job bore the same id (`7:@1700000000000:#2`). No producer can choose such an id: BullMQ refuses
 * colons.
 */
export const originalJobId = (jobId: string): string => jobId.replace(/(:@\d+)?:#\d+$/, '');

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_CHARACTERS = 18;
const pool = Buffer.allocUnsafe(4096);
let poolAt = pool.length;

function randomByte(): number {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  return pool[poolAt++]!;
}

/**
 * `m_` and 18 base62 characters (107 bits). BullMQ keeps a job under `<prefix>:<queue>:<job id>`, beside its own
 * `wait`, `meta` …, silently ignores an add whose id exists and refuses bare integers and colons: hence the prefix and
 * the randomness.
 */
export function newJobId(): string {
  let id = 'm_';
  while (id.length < ID_CHARACTERS + 2) {
    const index = randomByte() & 63;
    if (index < ALPHABET.length) id += ALPHABET[index];
  }
  return id;
}
