import { randomFillSync } from 'node:crypto';

/** A job that carries one message. */
export const MESSAGE_JOB = 'message';

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
