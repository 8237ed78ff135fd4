import type { OperatedChannel } from '../channels/installation.ts';
import { LISTED_STATES } from '../jobs/channel-queue.ts';
import { CAMPAIGN_JOB } from '../jobs/job-ids.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';
import { campaignMessageId } from '../ledger/names.ts';
import { recipientOf } from '../message/recipients.ts';
import { type CancelResult, cancelIn } from '../producer/control.ts';
import { InvalidMessageError } from '../producer/errors.ts';
import { readStored } from './read-stored.ts';

/** Their data may take 512 KiB each. */
const PAGE = 100;
/** A job may change its state, or its place among the others, between two pages. */
const MOST_PASSES = 3;

/**
 * Cancels what waits for one recipient in a channel: reads through all its jobs, as often as it finds something.
 * @param to as in the field `to` of a message
 * @returns an entry for each message found; empty if nothing waits
 * @throws InvalidMessageError if `to` is not a recipient of the channel's platform
 */
export async function cancelRecipient(channel: OperatedChannel, to: unknown): Promise<CancelResult[]> {
  const key = keyOfRecipient(channel, to);
  const results = new Map<string, CancelResult>();
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const before = results.size;
    for await (const job of storedJobs(channel))
      for (const id of await messagesTo(job, key, channel))
        if (!results.has(id)) results.set(id, await cancelIn(channel.store, id));
    if (results.size === before) break;
  }
  return [...results.values()];
}

/** @throws InvalidMessageError if `to` is not a recipient of the channel's platform */
export function keyOfRecipient({ platform, reading }: OperatedChannel, to: unknown): string {
  if (!reading)
    throw new InvalidMessageError([
      { path: 'channel', message: `has platform ${platform}, which this version does not support` },
    ]);
  const recipient = recipientOf(reading.definition, to);
  if ('key' in recipient) return recipient.key;
  throw new InvalidMessageError(recipient);
}

async function* storedJobs({ queue }: OperatedChannel): AsyncGenerator<StoredJob, void, undefined> {
  for (const state of LISTED_STATES.toReversed()) {
    for (let skip = 0; ; skip += PAGE) {
      const page = await queue.first(state, PAGE, skip);
      for (const job of await queue.read(page.map(({ id }) => id))) if (job) yield job;
      if (page.length < PAGE) break;
    }
  }
}

async function messagesTo(job: StoredJob, key: string, channel: OperatedChannel): Promise<string[]> {
  if (job.name === CAMPAIGN_JOB) return campaignMessagesTo(job, key, channel);
  return (await readStored(job, channel)).flatMap((entry) => {
    if (entry.kind !== 'delivery') return [];
    const { message, ref } = entry.delivery;
    return channel.reading?.definition.recipient(message).key === key ? [ref.id] : [];
  });
}

/** Its messages are named after campaign and recipient, so the content is not needed. */
function campaignMessagesTo({ text }: StoredJob, key: string, { reading }: OperatedChannel): string[] {
  const { campaign, by, to } = Object(parse(text)) as Record<string, unknown>;
  if (typeof campaign !== 'string' || !Array.isArray(to)) return [];
  const isTheirs = (given: unknown): boolean => {
    const name = isRecord(given) ? given['to'] : given;
    const recipient = recipientOf(reading!.definition, isRecord(name) ? name : { [String(by)]: name });
    return 'key' in recipient && recipient.key === key;
  };
  return to.some(isTheirs) ? [campaignMessageId(campaign, key)] : [];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
