import { hash, randomFillSync } from 'node:crypto';

/**
 * Short names for the ledger's records: long enough never to meet, short enough to be packed by the million. All are
 * base64url, so that they travel in JSON and print in `explain`.
 */

/** Eleven characters (66 bits) of the message id's hash: with 10 million records two meet with probability 10⁻⁶. */
export const messageKey = (id: string): string => hash('sha256', id, 'base64url').slice(0, 11);

/**
 * Six characters for the job that a message was enqueued with, compared only within the message's own record: of the hash
 * (36 bits), or four of it and two for the position of a message in a job of many, so that a script that fills such a job
 * can name its messages.
 * @param origin the job's id, `<job id>:<position>` for a message of an envelope
 */
export function jobKey(origin: string): string {
  const colon = origin.lastIndexOf(':');
  const position = origin.slice(colon + 1);
  if (colon < 0 || !POSITION.test(position)) return hashed(origin).slice(0, 6);
  const jobId = origin.slice(0, colon);
  const index = Number(position);
  // The messages of a job are read one after the other.
  if (jobId !== latest.jobId) latest = { jobId, part: hashed(jobId).slice(0, 4) };
  return latest.part + BASE64URL[index >> 6] + BASE64URL[index & 63];
}

let latest = { jobId: '', part: '' };

/** In place of the first character of the hashed name of a job in the record of a campaign's message (records.lua). */
const CAMPAIGN_MARK = '+';
/** In place of the whole of it: the message was cancelled before its first admission (records.lua). */
export const WITHDRAWN = '++++++';
/** There was none: nothing says which job has the message, or whether any has (records.lua). */
const NO_JOB = '------';
/** A message of a job of many has four characters of its job's name. */
const JOB_PART = 4;

/**
 * Whether the job may be the one that a message's record names, or one that has it among others.
 * @param origin of the job
 * @param recorded the hashed name in the record
 */
export function mayBeJob(origin: string, recorded: string): boolean {
  const from = recorded.startsWith(CAMPAIGN_MARK) ? 1 : 0;
  const length = origin.includes(':') ? recorded.length : JOB_PART;
  const name = jobKey(origin);
  return name === recorded || name.slice(from, length) === recorded.slice(from, length);
}

/** Whether a message's record names the job that has it. @param recorded the hashed name in the record */
export const namesJob = (recorded: unknown): boolean => recorded !== NO_JOB && recorded !== WITHDRAWN;

/** Of a message in a job of many. BullMQ refuses colons in the ids that producers choose. */
const POSITION = /^\d{1,3}$/;
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const hashed = (text: string): string => hash('sha256', text, 'base64url');

/** A recipient's key as it is; a long one by its hash, so that a bucket of slots stays packed. */
export const recipientKey = (key: string): string =>
  key.length <= 40 ? key : `#${hash('sha256', key, 'base64url').slice(0, 22)}`;

/** Names the message of a campaign to a recipient: a list that names somebody twice names one message. */
export const campaignMessageId = (campaign: string, recipient: string): string =>
  `${campaign}-${messageKey(recipientKey(recipient))}`;

/** The campaign that a message of this id is of, if it is one of a campaign's. */
export const campaignOfMessage = (id: string): string | undefined =>
  /^([\w-]{1,80})-[\w-]{11}$/.exec(id)?.[1];

/** 32 hexadecimal characters that name one life of a message record: ids may be reused after a day. */
export const idempotencyKey = (channel: string, id: string, born: string): string =>
  hash('sha256', `${channel}\n${id}\n${born}`, 'hex').slice(0, 32);

/** 22 characters that identify an account on a platform, which itself is not to be shown. */
export const accountName = (account: string): string => hash('sha256', account, 'base64url').slice(0, 22);

const NONCE_BYTES = 6;
const pool = Buffer.allocUnsafe(NONCE_BYTES * 512);
let poolAt = pool.length;

/** Eight random characters (48 bits): a fence, fresh for every admission call. */
export function newNonce(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  poolAt += NONCE_BYTES;
  return pool.toString('base64url', poolAt - NONCE_BYTES, poolAt);
}
