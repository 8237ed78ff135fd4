import { createHash } from 'node:crypto';
import { CAMPAIGN_VERSION, MAX_MESSAGES, MAX_MESSAGES_BYTES } from '../jobs/job-ids.ts';
import type { CheckedRecipient } from './campaign-spec.ts';

/** Recipients that are listed in one job. */
export interface Chunk {
  count: number;
  /** The job's data. */
  data: string;
  /** The same recipients have the same digest: a chunk that was listed before is known by it. */
  digest: string;
}

const DIGEST_CHARACTERS = 16;

/**
 * Packs recipients into one chunk, or into several if they are too many or their data too large for one job. The same recipients
 * make the same chunks.
 */
export function packChunks(campaign: string, recipients: readonly CheckedRecipient[]): Chunk[] {
  const by = recipients.find(({ plain }) => plain !== undefined)?.plain ?? '';
  const to = recipients.map((each) => packed(each, by));
  const data = JSON.stringify({ v: CAMPAIGN_VERSION, campaign, by, to });
  const tooLarge = recipients.length > 1 && Buffer.byteLength(data) > MAX_MESSAGES_BYTES;
  if (tooLarge || recipients.length > MAX_MESSAGES) {
    const half = Math.ceil(recipients.length / 2);
    return [
      ...packChunks(campaign, recipients.slice(0, half)),
      ...packChunks(campaign, recipients.slice(half)),
    ];
  }
  return [{ count: recipients.length, data, digest: digestOf(data) }];
}

function packed({ recipient, plain, value }: CheckedRecipient, by: string): unknown {
  const isBy = plain === by && value !== undefined;
  if (isBy && recipient.data === undefined && recipient.lastPlayedAt === undefined) return value;
  return isBy ? { ...recipient, to: value } : recipient;
}

const digestOf = (data: string): string =>
  createHash('sha256').update(data).digest('base64url').slice(0, DIGEST_CHARACTERS);
