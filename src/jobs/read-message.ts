import { jobKey, messageKey, recipientKey } from '../ledger/names.ts';
import { CAMPAIGN_ID, traceIdOf } from '../message/fields.ts';
import { type ChannelRules, fitProblem } from '../message/fit.ts';
import { problemText } from '../message/problems.ts';
import type { AnyMessage, MessageSchemas } from '../message/schema.ts';
import type { MessageRef } from '../observe/observer.ts';
import type { PlatformDefinition, Recipient } from '../platforms/port.ts';
import { isInstant } from '../time.ts';
import type { Delivery, Entry, EntrySource, InvalidEntry, QueuedJob } from './envelope.ts';
import { CAMPAIGN_JOB, isPart, LISTED_JOB, MESSAGES_JOB } from './job-ids.ts';

/** The fields of a channel that parsing a job requires, from the configuration or from the channel registry. */
export interface ReadRules extends ChannelRules {
  platform: string;
  discloseRecipients?: boolean | undefined;
}

export interface ReadContext {
  channel: ReadRules;
  definition: PlatformDefinition;
  schemas: MessageSchemas<unknown>;
}

/** How long the record of a job that cannot be parsed is kept. */
const INVALID_LIFE_MS = 7 * 86_400_000;
const MAX_PROBLEM = 300;

/** The data of a job, or of one message of a job of many. */
export interface Part {
  /** The id of the job that the message was enqueued with, and in a job of many its position. */
  origin: string;
  source: EntrySource;
  data: unknown;
}

/** Parses the data of one message. Never throws. */
export function readMessage(job: QueuedJob, { origin, source, data }: Part, context: ReadContext): Entry {
  const isListed = job.name === LISTED_JOB;
  const parsed = context.schemas.parseJob(data, job.timestamp, origin);
  if (parsed.kind === 'newer') return { ...parsed, origin, source };
  if (parsed.kind === 'invalid') {
    const part = { origin, source, id: parsed.id, campaign: campaignNamedIn(data), uncounted: !isListed };
    return invalid(job, part, parsed.problems.join('; '), context);
  }
  const message = parsed.message as AnyMessage;
  const { id, expiresAtMs, sendAtMs } = parsed;
  source.dueAt = Math.max(job.timestamp, sendAtMs ?? 0);
  source.priority = message.priority ?? 0;
  const uncounted = message.campaign !== undefined && !isListed;
  return readDelivery(job, { id, message, origin, source, expiresAtMs, sendAtMs, uncounted }, context);
}

/** The campaign that data name which are no valid message. */
function campaignNamedIn(data: unknown): string | undefined {
  const campaign = (data as { campaign?: unknown } | null | undefined)?.campaign;
  return typeof campaign === 'string' && CAMPAIGN_ID.test(campaign) ? campaign : undefined;
}

export interface ParsedMessage extends Omit<Part, 'data'> {
  id: string;
  message: AnyMessage;
  expiresAtMs: number;
  sendAtMs: number | undefined;
  /** Its job is a replay, and none of those that its campaign has listed. */
  uncounted?: boolean;
  contentKey?: string;
}

/** Checks whether a message that was parsed fits its channel, and prepares it for admission. */
export function readDelivery(job: QueuedJob, parsed: ParsedMessage, context: ReadContext): Entry {
  const { id, message, origin, source, uncounted } = parsed;
  const recipient = context.definition.recipient(message);
  const misfit = fitProblem(message, recipient, context.channel);
  if (misfit) {
    const part = { origin, source, id, campaign: message.campaign, uncounted };
    return invalid(job, part, problemText(misfit), context);
  }
  return { kind: 'delivery', delivery: deliveryOf(job, parsed, recipient, context) };
}

function deliveryOf(
  job: QueuedJob,
  parsed: ParsedMessage,
  recipient: Recipient,
  context: ReadContext,
): Delivery {
  const { id, message, origin, source, contentKey } = parsed;
  const disclosed = context.channel.discloseRecipients;
  const ref = reference(job, id, context);
  ref.campaign = message.campaign;
  ref.meta = message.meta;
  if (disclosed) ref.to = message.to;
  if (message.traceparent !== undefined) ref.traceId = traceIdOf(message.traceparent);
  return {
    message,
    ref,
    ledger: {
      id,
      jobId: origin,
      key: messageKey(id),
      job: jobKey(origin),
      recipient: recipientKey(recipient.key),
      sendAt: parsed.sendAtMs,
      expiresAt: parsed.expiresAtMs,
      lastPlayedAt: message.lastPlayedAt === undefined ? undefined : Date.parse(message.lastPlayedAt),
      bulk: isPart(origin) || (message.priority ?? 0) > 0 || undefined,
      campaign: message.campaign,
      uncounted: parsed.uncounted || undefined,
      requests: context.definition.requests?.(message),
      meta: message.meta && JSON.stringify(message.meta).toWellFormed(),
      to: disclosed ? JSON.stringify(message.to).toWellFormed() : undefined,
    },
    source,
    contentKey,
    expiresAt: parsed.expiresAtMs,
    dueAt: source.dueAt,
    pickups: Math.max(1, job.pickups),
    stalls: job.stalls,
  };
}

/** What a dead letter of the whole job would keep. */
export const sourceOf = ({ name, text, size, timestamp }: QueuedJob): EntrySource => ({
  name: name === MESSAGES_JOB || name === CAMPAIGN_JOB ? name : undefined,
  data: () => text,
  size,
  enqueuedAt: String(timestamp),
  dueAt: instantOrNever(timestamp),
  priority: 0,
});

/** What a dead letter of one message of a job would keep. */
export function partOf({ enqueuedAt, dueAt, priority }: EntrySource, data: unknown): EntrySource {
  let text: string | undefined;
  return {
    name: undefined,
    data: () => {
      text ??= JSON.stringify(data);
      return text;
    },
    enqueuedAt,
    dueAt,
    priority,
  };
}

const instantOrNever = (timestamp: number): number => (isInstant(timestamp) ? timestamp : 0);

const reference = (job: QueuedJob, id: string, { channel }: ReadContext): MessageRef => ({
  channel: channel.name,
  platform: channel.platform,
  id,
  jobId: job.id,
});

interface InvalidPart extends Omit<Part, 'data'> {
  id?: string | undefined;
  campaign?: string | undefined;
  /** Its job is a replay, and none of those that its campaign has listed. */
  uncounted?: boolean | undefined;
}

export function invalid(
  job: QueuedJob,
  { origin, source, id, campaign, uncounted }: InvalidPart,
  problem: string,
  context: ReadContext,
): InvalidEntry {
  const name = id ?? origin.toWellFormed().slice(0, 100);
  return {
    kind: 'invalid',
    ref: { ...reference(job, name, context), campaign },
    // A record of its own: an invalid job must not change the record of the valid message with the same id.
    ledger: {
      id: name,
      jobId: origin,
      key: messageKey(`invalid\n${origin}\n${job.timestamp}`),
      job: jobKey(origin),
      recipient: '',
      expiresAt: instantOrNever(job.timestamp) + INVALID_LIFE_MS,
      campaign,
      uncounted: (campaign !== undefined && uncounted) || undefined,
    },
    source,
    problem: problem.length > MAX_PROBLEM ? `${problem.slice(0, MAX_PROBLEM)}…` : problem,
  };
}
