import { hash, randomFillSync } from 'node:crypto';

/** The name of a job with one message, and of one with many. */
export const MESSAGE_JOB = 'message';
export const MESSAGES_JOB = 'messages';

/** The name of a job with the recipients of a campaign, as many as a job has messages at most. */
export const CAMPAIGN_JOB = 'campaign';

/** The name of a job with one message of a campaign that another store has listed, and dealt out. */
export const LISTED_JOB = 'listed';

/**
 * The `v` in the data of these two. A worker that does not know them takes any job for one message: it would make a dead letter of the
 * first, and send the second in spite of a pause. Since their version is higher than `MESSAGE_VERSION`, that worker leaves them to a newer
 * one.
 */
export const CAMPAIGN_VERSION = 2;

/** The most messages of a job, and bytes of its data. */
export const MAX_MESSAGES = 500;
export const MAX_MESSAGES_BYTES = 512 * 1024;

/** The origin of a message of a job of many, which is also the id of the job that it gets if it leaves. */
export const entryId = (jobId: string, index: number): string => `${jobId}:${index}`;

/**
 * The origin of a message, from the id of any of its jobs. A replay appends the run (`m_x:#2`). The instant of the enqueue is appended
 * (`7:@1700000000000:#2`) if another job had the same id, and if the message went to another store. No producer can choose such an id,
 * since BullMQ refuses colons.
 */
export const originalJobId = (jobId: string): string => jobId.replace(/(:@\d+)?(:#\d+)?$/, '');

/**
 * The id of a message's job in another store. The origin alone would not do: a producer may use a job id again once that job has left
 * its queue.
 */
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

/** Whether a message of this origin was enqueued in a job of many, whether or not it has left that. */
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

/** Whether this may be a job of the campaign, or (`<job>:<position>`) of a message that has left one. Other campaigns may share the mark. */
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
