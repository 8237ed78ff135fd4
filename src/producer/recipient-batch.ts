import { MAX_MESSAGES, MAX_MESSAGES_BYTES } from '../jobs/job-ids.ts';
import type { FillingBatch } from './batches.ts';
import { type BatchCheck, type CheckedBatch, createSeen } from './campaign-recipients.ts';
import type { CampaignRules, CheckedRecipient } from './campaign-spec.ts';

/** Recipients of a campaign that are listed together. The same recipients always make the same batches, and these the same chunks. */
export interface RecipientBatch extends FillingBatch<unknown> {
  readonly checked: CheckedBatch;
  /** The number of the channel's shards, as last announced. */
  shards(): number | undefined;
}

export interface RecipientBatchDeps {
  check: BatchCheck;
  /** What the channel accepts now. */
  rules(): Promise<CampaignRules>;
  /** Called with how many recipients are lost, if it cannot be told what the channel accepts. */
  onLost(count: number, error: unknown): void;
}

/** Bounds the memory of a batch, which is spread over many shards: 2,000 recipients, fewer than a batch may take. */
const MOST_PARTS = 4;
/** Of the recipients of a chunk: which shard they belong to is chance, and few shards are to get more than one chunk has. */
const OF_A_CHUNK = 0.9 * MAX_MESSAGES;

/** A batch that takes 500 more as long as the chunks of all shards have room for as many. */
export function recipientBatch({ check, rules, onLost }: RecipientBatchDeps): RecipientBatch {
  const checked: CheckedBatch = { recipients: [], duplicate: 0, invalid: [] };
  const isNew = createSeen();
  let shards: number | undefined;
  let size = 0;
  let parts = 0;
  let characters = 0;

  return {
    checked,
    shards: () => shards,
    size: () => size,
    async add(items) {
      const now = await rules().catch((error: unknown) => {
        onLost(size + items.length, error);
        throw error;
      });
      shards = now.shards;
      const part = await check(items, now, isNew);
      checked.recipients.push(...part.recipients);
      checked.duplicate += part.duplicate;
      checked.invalid.push(...part.invalid.map(({ at, error }) => ({ at: size + at, error })));
      for (const each of part.recipients) characters += charactersOf(each);
      size += items.length;
      parts += 1;
    },
    async isFull() {
      const stores = shards ?? 1;
      const withAnother = (parts + 1) / parts;
      return (
        parts === MOST_PARTS ||
        size * withAnother > stores * OF_A_CHUNK ||
        characters * withAnother > stores * MAX_MESSAGES_BYTES
      );
    },
  };
}

const charactersOf = ({ recipient: { data } }: CheckedRecipient): number =>
  data === undefined ? 0 : JSON.stringify(data).length;
