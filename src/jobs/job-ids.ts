import { randomFillSync } from 'node:crypto';

/** The name of a job with one message. */
export const MESSAGE_JOB = 'message';

/**
 * The id of the job that a message was enqueued with, from the id of any of its jobs: a replay appends the run (`m_x:#2`),
 * and the instant of the enqueue if another job has the same id (`7:@1700000000000:#2`). No producer can choose such an id:
 * BullMQ refuses colons.
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
 * Generates `m_` and 18 base62 characters (107 bits). BullMQ stores a job as `<prefix>:<queue>:<job id>`, next to its own
 * keys `wait`, `meta` …, silently ignores an add whose id exists, and refuses integers and colons: hence the prefix and the
 * random part.
 */
export function newJobId(): string {
  let id = 'm_';
  while (id.length < ID_CHARACTERS + 2) {
    const index = randomByte() & 63;
    if (index < ALPHABET.length) id += ALPHABET[index];
  }
  return id;
}
