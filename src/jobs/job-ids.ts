import { hash, randomFillSync } from 'node:crypto';

/** The name of a job with one message, and of one with many. */
export const MESSAGE_JOB = 'message';
export const MESSAGES_JOB = 'messages';

/** The name of a job with the recipients of a campaign, as many as a job has messages at most. */
export const CAMPAIGN_JOB = 'campaign';

/**
 * The `v` in the data of such a job. A worker that knows no campaigns takes any job for a message of `MESSAGE_VERSION`: this one
 * it leaves to a newer worker, and makes no dead letter of it.
 */
export const CAMPAIGN_VERSION = 2;

/** The most messages of a job, and bytes of its data. */
export const MAX_MESSAGES = 500;
export const MAX_MESSAGES_BYTES = 512 * 1024;

/** The id of the job that a message of an envelope gets when it leaves it, and the message's origin from the beginning. */
export const entryId = (jobId: string, index: number): string => `${jobId}:${index}`;

/**
 * The id of the job that a message was enqueued with, from the id of any of its jobs: a replay appends the run (`m_x:#2`),
 * and the instant of the enqueue if another job has the same id (`7:@1700000000000:#2`), as a message does that goes to another
 * store. No producer can choose such an id: BullMQ refuses colons.
 */
export const originalJobId = (jobId: string): string => jobId.replace(/(:@\d+)?(:#\d+)?$/, '');

/** The id of a message's job in another store: a producer may use the id of a job again once that has left its queue. */
export const awayJobId = (origin: string, enqueuedAt: string): string =>
  `${origin}:@${/^\d+$/.test(enqueuedAt) ? enqueuedAt : 0}`;

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

/** Whether a message of this origin was enqueued as one of many, also when it has left them. */
export const isPart = (origin: string): boolean => origin.includes(':');

/**
 * Generates the id of a job: `m_` and 18 base62 characters (107 bits), or `e<count>_` and as many for a job of many messages, so
 * that a queue's messages can be counted without reading its jobs. BullMQ stores a job as `<prefix>:<queue>:<job id>`, next to its own
 * keys `wait`, `meta` …, silently ignores an add whose id exists, and refuses integers and colons: hence the prefix and the
 * random part.
 */
export const newJobId = (messages = 1): string => withRandom(messages === 1 ? 'm_' : `e${messages}_`);

/**
 * Generates the id of a job of a campaign: `c<count>_`, six characters that all jobs of the campaign share, by which they are
 * found, and 18 random ones.
 */
export const newCampaignJobId = (campaign: string, recipients: number): string =>
  withRandom(`c${recipients}_${campaignMark(campaign)}`);

/** Whether it may be a job of the campaign: as a whole, or (`<job>:<position>`) what has left one. */
export const isOfCampaign = (jobId: string, campaign: string): boolean =>
  CAMPAIGN_JOB_ID.exec(jobId)?.[1] === campaignMark(campaign);

const CAMPAIGN_JOB_ID = /^c\d+_([\da-f]{6})/;
const campaignMark = (campaign: string): string => hash('sha256', campaign, 'hex').slice(0, 6);

function withRandom(prefix: string): string {
  let id = prefix;
  const length = id.length + ID_CHARACTERS;
  while (id.length < length) {
    const index = randomByte() & 63;
    if (index < ALPHABET.length) id += ALPHABET[index];
  }
  return id;
}
