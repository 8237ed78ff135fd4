import { campaignMessageId } from '../ledger/names.ts';
import { CAMPAIGN_ID, MESSAGE_VERSION } from '../message/fields.ts';
import type { AnyMessage } from '../message/schema.ts';
import { type CampaignContent, isJobOf } from './campaign-content.ts';
import type { Entry, EntryList, EntrySource, QueuedJob } from './envelope.ts';
import { CAMPAIGN_JOB, CAMPAIGN_VERSION, entryId, isPart } from './job-ids.ts';
import { invalid, type Part, type ReadContext, readDelivery, sourceOf } from './read-message.ts';

/** The data of a job of a campaign: `{ "v": 2, "campaign": id, "by": field, "to": [ … ] }`. */
interface Recipients {
  campaign?: unknown;
  /** The field of `to` that a value stands for which is no object. */
  by?: unknown;
  to: readonly unknown[];
}

/** What is given of one recipient: a bare value, or an object. */
interface Given {
  to: unknown;
  data?: unknown;
  lastPlayedAt?: unknown;
}

/** A recipient, with all that is needed to read its message. */
interface Listed {
  origin: string;
  given: unknown;
  recipients: Recipients;
  /** Of its job. */
  source: EntrySource;
}

/** Parses a job of a campaign into its messages: each is what they have in common, and what is given of its recipient. */
export function listRecipients(
  job: QueuedJob,
  whole: Part,
  context: ReadContext,
  campaign: CampaignContent | undefined,
): EntryList {
  const recipients = whole.data as Recipients;
  // What has left its job is alone in another, which has its origin as its id.
  const hasLeft = isPart(whole.origin) && recipients.to.length === 1;
  const common = campaign && isJobOf(job, campaign) ? commonOf(campaign) : undefined;
  return {
    length: recipients.to.length,
    read(index) {
      const origin = hasLeft ? whole.origin : entryId(whole.origin, index);
      const listed = { origin, given: recipients.to[index], recipients, source: whole.source };
      return campaign && common
        ? readRecipient(job, listed, context, { campaign, common })
        : lost(job, listed, context, campaign);
    },
  };
}

/** What the messages of a job have in common. It has an id only to be read: each message gets its own. */
const commonOf = ({ id, message, expiresAt }: CampaignContent): Readonly<Record<string, unknown>> => ({
  ...message,
  v: MESSAGE_VERSION,
  id,
  campaign: id,
  expiresAt: new Date(expiresAt).toISOString(),
});

function readRecipient(
  job: QueuedJob,
  { origin, given, recipients, source: whole }: Listed,
  context: ReadContext,
  { campaign, common }: { campaign: CampaignContent; common: Readonly<Record<string, unknown>> },
): Entry {
  const raw: Record<string, unknown> = { ...common, to: undefined };
  const unknown = isRecord(given) ? fill(raw, given, recipients.by) : undefined;
  if (!isRecord(given)) raw['to'] = { [String(recipients.by)]: given };
  const parsed =
    unknown === undefined
      ? context.schemas.parseJob(raw, job.timestamp, origin)
      : { kind: 'invalid' as const, problems: [`${unknown}: is not a known field`] };
  const source = sourceOfEntry(whole, raw, given, recipients);
  raw['id'] = undefined;
  if (parsed.kind === 'newer') return { ...parsed, origin, source };
  if (parsed.kind === 'invalid') {
    const part = { origin, source, campaign: campaign.id };
    return invalid(job, part, parsed.problems.join('; '), context);
  }
  const message = parsed.message as AnyMessage;
  const { expiresAtMs, sendAtMs } = parsed;
  const id = campaignMessageId(campaign.id, context.definition.recipient(message).key);
  raw['id'] = id;
  message.id = id;
  source.dueAt = Math.max(source.dueAt, sendAtMs ?? 0);
  source.priority = message.priority ?? 0;
  const contentKey = campaign.created;
  return readDelivery(job, { id, message, origin, source, expiresAtMs, sendAtMs, contentKey }, context);
}

/** Adds what is given of a recipient. @returns the name of a field that there is none of */
function fill(
  raw: Record<string, unknown>,
  given: Readonly<Record<string, unknown>>,
  by: unknown,
): string | undefined {
  const { to, data, lastPlayedAt, ...others } = given as unknown as Given;
  raw['to'] = isRecord(to) ? to : { [String(by)]: to };
  if (data !== undefined) raw['data'] = merged(raw['data'], data);
  if (lastPlayedAt !== undefined) raw['lastPlayedAt'] = lastPlayedAt;
  return Object.keys(others)[0];
}

/** Values of one recipient go before those that all have. */
const merged = (common: unknown, own: unknown): unknown =>
  isRecord(common) && isRecord(own) ? { ...common, ...own } : own;

/** A dead letter keeps the whole message; a job of its own only the recipient. Both are long and rarely needed. */
function sourceOfEntry(
  { enqueuedAt, dueAt, priority }: EntrySource,
  message: object,
  given: unknown,
  recipients: Recipients,
): EntrySource {
  return {
    name: undefined,
    enqueuedAt,
    dueAt,
    priority,
    get data() {
      return JSON.stringify(message);
    },
    get alone() {
      return { name: CAMPAIGN_JOB, data: aloneData(given, recipients) };
    },
  };
}

const aloneData = (given: unknown, { campaign, by }: Recipients): string =>
  JSON.stringify({ v: CAMPAIGN_VERSION, campaign, by, to: [given] });

/**
 * Of a campaign that is kept no more: nobody knows what it says.
 * @param later has its id, and must not count what it never listed
 */
function lost(
  job: QueuedJob,
  { origin, given, recipients }: Listed,
  context: ReadContext,
  later: CampaignContent | undefined,
): Entry {
  const source = { ...sourceOf(job), data: aloneData(given, recipients) };
  const id = recipients.campaign;
  if (typeof id !== 'string' || !CAMPAIGN_ID.test(id))
    return invalid(job, { origin, source }, 'campaign: expected the id of a campaign', context);
  const campaign = later ? undefined : id;
  return invalid(job, { origin, source, campaign }, `campaign: ${id} is not known any more`, context);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
