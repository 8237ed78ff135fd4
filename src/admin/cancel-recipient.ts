import type { OperatedChannel, OperatedStore } from '../channels/installation.ts';
import { LISTED_STATES } from '../jobs/channel-queue.ts';
import { CAMPAIGN_JOB, MESSAGES_JOB } from '../jobs/job-ids.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';
import { tryParseJson } from '../json.ts';
import { campaignMessageId } from '../ledger/names.ts';
import { recipientOf } from '../message/recipients.ts';
import { type CancelResult, cancelWhere } from '../producer/control.ts';
import { InvalidMessageError } from '../producer/errors.ts';
import { readStored } from './read-stored.ts';

/** How many jobs are read at a time: the data of each may take 512 KiB. */
const PAGE = 100;
/** Passes are repeated, because a job may change its state or its place in the queue between two pages. */
const MOST_PASSES = 3;

/**
 * Cancels all waiting messages to one recipient of a channel: reads all jobs, again as long as it finds something.
 * @param to as in the field `to` of a message
 * @param onResult called for each message found, at once
 * @returns an entry for each message found; empty if nothing waits
 * @throws InvalidMessageError if `to` is not a recipient of the channel's platform
 */
export async function cancelRecipient(
  channel: OperatedChannel,
  to: unknown,
  onResult: (result: CancelResult) => void = () => {},
): Promise<CancelResult[]> {
  const key = keyOfRecipient(channel, to);
  const places = placesOfRecipient(channel, key);
  // Before the shard the home, which deals out to it.
  const stores = places.home ? [channel, channel.of(key)] : [channel];
  const results = new Map<string, CancelResult>();
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const before = results.size;
    for (const store of stores)
      for await (const job of storedJobs(store))
        for (const id of await messagesTo(job, key, store)) {
          if (results.has(id)) continue;
          const result = await cancelWhere(places, id);
          results.set(id, result);
          onResult(result);
        }
    if (results.size === before) break;
  }
  return [...results.values()];
}

/** Where messages to a recipient may be. @param key as the platform's definition gives it */
export const placesOfRecipient = ({ stores, home, of }: OperatedChannel, key: string) => ({
  stores: [of(key).store],
  home: stores.length > 1 ? home : undefined,
});

/** @throws InvalidMessageError if `to` is not a recipient of the channel's platform */
export function keyOfRecipient({ platform, reading }: OperatedStore, to: unknown): string {
  if (!reading)
    throw new InvalidMessageError([
      { path: 'channel', message: `has platform ${platform}, which this version does not support` },
    ]);
  const recipient = recipientOf(reading.definition, to);
  if ('key' in recipient) return recipient.key;
  throw new InvalidMessageError(recipient);
}

async function* storedJobs({ queue }: OperatedStore): AsyncGenerator<StoredJob, void, undefined> {
  for (const state of LISTED_STATES.toReversed()) {
    for (let skip = 0; ; skip += PAGE) {
      const page = await queue.first(state, PAGE, skip);
      for (const job of await queue.read(page.map(({ id }) => id))) if (job) yield job;
      if (page.length < PAGE) break;
    }
  }
}

/** Most jobs are for others: only those that may have this recipient are read in full. */
async function messagesTo(job: StoredJob, key: string, channel: OperatedStore): Promise<string[]> {
  const data = Object(tryParseJson(job.text)) as Record<string, unknown>;
  const { definition } = channel.reading!;
  const isTheirs = (to: unknown): boolean => {
    const recipient = recipientOf(definition, to);
    return 'key' in recipient && recipient.key === key;
  };
  if (!recipientsIn(job.name, data).some(isTheirs)) return [];
  // Its messages are named after campaign and recipient, so the content is not needed.
  if (job.name === CAMPAIGN_JOB)
    return typeof data['campaign'] === 'string' ? [campaignMessageId(data['campaign'], key)] : [];
  return (await readStored(job, channel)).flatMap((entry) => {
    if (entry.kind !== 'delivery') return [];
    const { message, ref } = entry.delivery;
    return definition.recipient(message).key === key ? [ref.id] : [];
  });
}

/** The recipients in a job's data. */
function recipientsIn(name: string, data: Record<string, unknown>): unknown[] {
  if (name === MESSAGES_JOB) return listOf(data['messages']).map((message) => fieldOf(message, 'to'));
  if (name !== CAMPAIGN_JOB) return [data['to']];
  return listOf(data['to']).map((given) => {
    const to = isObject(given) ? fieldOf(given, 'to') : given;
    return isObject(to) ? to : { [String(data['by'])]: to };
  });
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const fieldOf = (value: unknown, name: string): unknown => (Object(value) as Record<string, unknown>)[name];
