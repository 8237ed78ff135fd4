import { campaignMessageId } from '../ledger/names.ts';
import { CAMPAIGN_ID, MESSAGE_VERSION } from '../message/fields.ts';
import type { AnyMessage } from '../message/schema.ts';
import type { CampaignContent } from './campaign-content.ts';
import type { Entry, EntrySource, QueuedJob } from './envelope.ts';
import { CAMPAIGN_JOB, entryId, isPart } from './job-ids.ts';
import { invalid, type Part, type ReadContext, readDelivery, sourceOf } from './read-message.ts';

/** The data of a job of a campaign: `{ "v": 1, "campaign": id, "by": field, "to": [ … ] }`. */
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
}

/** Parses a job of a campaign into its messages: each is what they have in common, and what is given of its recipient. */
export function* readCampaign(
  job: QueuedJob,
  whole: Part,
  context: ReadContext,
  campaign: CampaignContent | undefined,
): Generator<Entry> {
  const recipients = whole.data as Recipients;
  // What has left its job is alone in another, which has its origin as its id.
  const hasLeft = isPart(whole.origin) && recipients.to.length === 1;
  for (const [index, given] of recipients.to.entries()) {
    const origin = hasLeft ? whole.origin : entryId(whole.origin, index);
    const listed = { origin, given, recipients };
    yield campaign ? readRecipient(job, listed, context, campaign) : lost(job, listed, context);
  }
}

function readRecipient(
  job: QueuedJob,
  { origin, given, recipients }: Listed,
  context: ReadContext,
  campaign: CampaignContent,
): Entry {
  const { to, data, lastPlayedAt, ...others } = fieldsOf(given, recipients.by);
  const raw = {
    ...campaign.message,
    v: MESSAGE_VERSION,
    id: campaign.id,
    campaign: campaign.id,
    to,
    ...(data !== undefined && { data: merged(campaign.message['data'], data) }),
    ...(lastPlayedAt !== undefined && { lastPlayedAt }),
    expiresAt: new Date(campaign.expiresAt).toISOString(),
  };
  // Named once it is read.
  let id: string | undefined;
  const source = sourceOfEntry(job, () => ({ ...raw, id }), given, recipients);
  const part = { origin, source, campaign: campaign.id };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return invalid(job, part, `${unknown}: is not a known field`, context);
  const parsed = context.schemas.parseJob(raw, job.timestamp, origin);
  if (parsed.kind === 'newer') return { ...parsed, origin, source };
  if (parsed.kind === 'invalid') return invalid(job, part, parsed.problems.join('; '), context);
  const { key } = context.definition.recipient(parsed.message);
  id = campaignMessageId(campaign.id, key);
  const message = { ...(parsed.message as AnyMessage), id };
  source.dueAt = Math.max(source.dueAt, parsed.sendAtMs ?? 0);
  source.priority = message.priority ?? 0;
  return readDelivery(job, { ...parsed, id, message, origin, source, contentKey: campaign.created }, context);
}

function fieldsOf(given: unknown, by: unknown): Given {
  const { to, ...others } = isRecord(given) ? (given as Partial<Given>) : { to: given };
  return { ...others, to: isRecord(to) ? to : { [String(by)]: to } };
}

/** Values of one recipient go before those that all have. */
const merged = (common: unknown, own: unknown): unknown =>
  isRecord(common) && isRecord(own) ? { ...common, ...own } : own;

/** A dead letter keeps the whole message; a job of its own only the recipient. Both are long and rarely needed. */
function sourceOfEntry(
  job: QueuedJob,
  message: () => object,
  given: unknown,
  recipients: Recipients,
): EntrySource {
  return {
    ...sourceOf(job),
    name: undefined,
    get data() {
      return JSON.stringify(message());
    },
    get alone() {
      return { name: CAMPAIGN_JOB, data: aloneData(given, recipients) };
    },
  };
}

const aloneData = (given: unknown, { campaign, by }: Recipients): string =>
  JSON.stringify({ v: MESSAGE_VERSION, campaign, by, to: [given] });

/** Of a campaign that is kept no more: nobody knows what it says. */
function lost(job: QueuedJob, { origin, given, recipients }: Listed, context: ReadContext): Entry {
  const source = { ...sourceOf(job), data: aloneData(given, recipients) };
  const id = recipients.campaign;
  if (typeof id !== 'string' || !CAMPAIGN_ID.test(id))
    return invalid(job, { origin, source }, 'campaign: expected the id of a campaign', context);
  return invalid(job, { origin, source, campaign: id }, `campaign: ${id} is not known any more`, context);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
