import { campaignMessageId } from '../ledger/names.ts';
import { CAMPAIGN_ID, MESSAGE_VERSION } from '../message/fields.ts';
import type { AnyMessage } from '../message/schema.ts';
import { isJobOf } from './campaign-content.ts';
import type { CampaignContent, Entry, EntryList, EntrySource, QueuedJob } from './envelope.ts';
import { CAMPAIGN_JOB, CAMPAIGN_VERSION, entryId, isPart, LISTED_JOB } from './job-ids.ts';
import { invalid, type Part, type ReadContext, readDelivery, sourceOf } from './read-message.ts';

/** The data of a job of a campaign: `{ "v": 2, "campaign": id, "by": field, "to": [ … ] }`. */
interface Recipients {
  campaign?: unknown;
  /** The field of `to` for which a bare value stands: `32` by `userId` is `{ userId: 32 }`. */
  by?: unknown;
  to: readonly unknown[];
}

/** An entry of the list that is an object. (It may be a bare value as well.) */
interface Given {
  to: unknown;
  data?: unknown;
  lastPlayedAt?: unknown;
}

/** An entry of the list, with all that is needed to read its message. */
interface Listed {
  origin: string;
  given: unknown;
  recipients: Recipients;
  /** That of the whole job. */
  source: EntrySource;
}

/** Parses a job of a campaign into its messages: each is the campaign's content with what the list has of its recipient. */
export function listRecipients(
  job: QueuedJob,
  whole: Part,
  context: ReadContext,
  campaign: CampaignContent | undefined,
): EntryList {
  const recipients = whole.data as Recipients;
  // A message that has left its job is alone in another one, whose id is its origin.
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

/** What the messages of a campaign have in common. The id only makes it a valid message: each gets its own. */
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
  // `to` comes first: of an object that begins with a spread V8 makes one that takes the schema four times as long to check.
  const raw: Record<string, unknown> = { to: undefined, ...common };
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

/** Adds what the list has of a recipient. @returns the name of an unknown field, if there is one */
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

/** A recipient's own values precede those that all recipients have. */
const merged = (common: unknown, own: unknown): unknown =>
  isRecord(common) && isRecord(own) ? { ...common, ...own } : own;

/**
 * A dead letter keeps the whole message, a job of its own only the recipient; but in another store, which may not have the campaign,
 * it has all of it.
 */
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
    data: () => JSON.stringify(message),
    away: () => ({ name: LISTED_JOB, data: JSON.stringify({ ...message, v: CAMPAIGN_VERSION }) }),
    alone: () => ({ name: CAMPAIGN_JOB, data: aloneData(given, recipients) }),
  };
}

const aloneData = (given: unknown, { campaign, by }: Recipients): string =>
  JSON.stringify({ v: CAMPAIGN_VERSION, campaign, by, to: [given] });

/**
 * A message of a campaign that is not kept any more: nobody knows what it would say.
 * @param later a later campaign of the same id, which must not count a message that it never listed
 */
function lost(
  job: QueuedJob,
  { origin, given, recipients }: Listed,
  context: ReadContext,
  later: CampaignContent | undefined,
): Entry {
  const source = { ...sourceOf(job), data: () => aloneData(given, recipients) };
  const id = recipients.campaign;
  if (typeof id !== 'string' || !CAMPAIGN_ID.test(id))
    return invalid(job, { origin, source }, 'campaign: expected the id of a campaign', context);
  const campaign = later ? undefined : id;
  return invalid(job, { origin, source, campaign }, `campaign: ${id} is not known any more`, context);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
