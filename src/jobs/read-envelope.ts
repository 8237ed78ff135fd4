import { jobKey, messageKey, recipientKey } from '../ledger/names.ts';
import { MESSAGE_VERSION } from '../message/fields.ts';
import { type ChannelRules, fitProblem } from '../message/fit.ts';
import { problemText } from '../message/problems.ts';
import type { AnyMessage, MessageSchemas } from '../message/schema.ts';
import type { MessageRef } from '../observe/observer.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import type { Entry, EntrySource, Envelope, InvalidEntry, QueuedJob } from './envelope.ts';
import { entryId, isPart, MAX_MESSAGES, MAX_MESSAGES_BYTES, MESSAGES_JOB, originalJobId } from './job-ids.ts';
import { MAX_DATA_BYTES } from './stored-jobs.ts';

/** The fields of a channel that parsing a job requires, from the configuration or from the channel registry. */
export interface ReadRules extends ChannelRules {
  platform: string;
  discloseRecipients?: boolean;
}

export interface ReadContext {
  channel: ReadRules;
  definition: PlatformDefinition;
  schemas: MessageSchemas<unknown>;
}

/** How long the record of a job that cannot be parsed is kept. */
const INVALID_LIFE_MS = 7 * 86_400_000;
const MAX_PROBLEM = 300;

/** Parses a job into its messages. Never throws, whatever a producer enqueued. */
export function readEnvelope(job: QueuedJob, context: ReadContext): Envelope {
  const [first, ...rest] = readEntries(job, context);
  return { job, entries: [first!, ...rest] };
}

/** Parses the messages of a job one after the other, at least one, for a caller that yields in between. */
export function* readEntries(job: QueuedJob, context: ReadContext): Generator<Entry> {
  const origin = originalJobId(job.id);
  const whole = { origin, source: sourceOf(job) };
  if (job.size !== undefined) {
    yield invalid(job, whole, `data: ${job.size} bytes, at most ${MAX_DATA_BYTES} allowed`, context);
    return;
  }
  const data = parse(job.text);
  if (data === undefined) yield invalid(job, whole, 'data: not JSON', context);
  else if (job.name !== MESSAGES_JOB) yield readMessage(job, { ...whole, data }, context);
  else yield* readMessages(job, { ...whole, data }, context);
}

/** What was read of a job, or of one of its entries. */
interface Part {
  /** The id of the job that it was enqueued with, and its position in a job of many. */
  origin: string;
  source: EntrySource;
  data: unknown;
}

function* readMessages(job: QueuedJob, whole: Part, context: ReadContext): Generator<Entry> {
  const { v, messages } = Object(whole.data) as { v?: unknown; messages?: unknown };
  const problem = messagesProblem(job.text, v, messages);
  if (Number.isSafeInteger(v) && (v as number) > MESSAGE_VERSION) {
    yield { kind: 'newer', v: v as number, origin: whole.origin, source: whole.source };
  } else if (problem !== undefined) {
    yield invalid(job, whole, problem, context);
  } else {
    for (const [index, message] of (messages as unknown[]).entries()) {
      const data = withVersion(message);
      const source = { ...sourceOf(job), data: JSON.stringify(data), name: undefined };
      yield readMessage(job, { origin: entryId(whole.origin, index), source, data }, context);
    }
  }
}

function messagesProblem(text: string, v: unknown, messages: unknown): string | undefined {
  if (v !== MESSAGE_VERSION) return `v: expected ${MESSAGE_VERSION}`;
  if (!Array.isArray(messages) || messages.length === 0) return 'messages: expected a list of messages';
  if (messages.length > MAX_MESSAGES)
    return `messages: ${messages.length} of them, at most ${MAX_MESSAGES} allowed`;
  const bytes = Buffer.byteLength(text);
  return bytes > MAX_MESSAGES_BYTES
    ? `data: ${bytes} bytes, at most ${MAX_MESSAGES_BYTES} allowed`
    : undefined;
}

/** The data of a job of one message: those of an entry, which has the version of its job. */
const withVersion = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && !Array.isArray(message)
    ? { v: MESSAGE_VERSION, ...message }
    : message;

function readMessage(job: QueuedJob, { origin, source, data }: Part, context: ReadContext): Entry {
  const parsed = context.schemas.parseJob(data, job.timestamp, origin);
  if (parsed.kind === 'newer') return { ...parsed, origin, source };
  const part = { origin, source, id: parsed.id };
  if (parsed.kind === 'invalid') return invalid(job, part, parsed.problems.join('; '), context);
  const message = parsed.message as AnyMessage;
  const recipient = context.definition.recipient(message);
  const misfit = fitProblem(message, recipient, context.channel);
  if (misfit) return invalid(job, part, problemText(misfit), context);
  const dueAt = Math.max(job.timestamp, parsed.sendAtMs ?? 0);
  const disclosed = context.channel.discloseRecipients;
  return {
    kind: 'delivery',
    delivery: {
      message,
      ref: {
        ...reference(job, parsed.id, context),
        meta: message.meta,
        ...(disclosed && { to: message.to }),
      },
      ledger: {
        id: parsed.id,
        jobId: origin,
        key: messageKey(parsed.id),
        job: jobKey(origin),
        recipient: recipientKey(recipient.key),
        sendAt: parsed.sendAtMs,
        expiresAt: parsed.expiresAtMs,
        lastPlayedAt: message.lastPlayedAt === undefined ? undefined : Date.parse(message.lastPlayedAt),
        bulk: isPart(origin) || (message.priority ?? 0) > 0 || undefined,
        requests: context.definition.requests?.(message),
        meta: message.meta && JSON.stringify(message.meta).toWellFormed(),
        ...(disclosed && { to: JSON.stringify(message.to).toWellFormed() }),
      },
      source: { ...source, dueAt, priority: message.priority ?? 0 },
      expiresAt: parsed.expiresAtMs,
      dueAt,
      pickups: Math.max(1, job.pickups),
      stalls: job.stalls,
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const sourceOf = ({ name, text, size, timestamp }: QueuedJob): EntrySource => ({
  name: name === MESSAGES_JOB ? name : undefined,
  data: text,
  size,
  enqueuedAt: String(timestamp),
  dueAt: instantOrNever(timestamp),
  priority: 0,
});

const instantOrNever = (timestamp: number): number => (Number.isFinite(timestamp) ? timestamp : 0);

const reference = (job: QueuedJob, id: string, { channel }: ReadContext): MessageRef => ({
  channel: channel.name,
  platform: channel.platform,
  id,
  jobId: job.id,
});

function invalid(
  job: QueuedJob,
  { origin, source, id }: Omit<Part, 'data'> & { id?: string | undefined },
  problem: string,
  context: ReadContext,
): InvalidEntry {
  const name = id ?? origin.toWellFormed().slice(0, 100);
  return {
    kind: 'invalid',
    ref: reference(job, name, context),
    // A record of its own: an invalid job must not change the record of the valid message with the same id.
    ledger: {
      id: name,
      jobId: origin,
      key: messageKey(`invalid\n${origin}\n${job.timestamp}`),
      job: jobKey(origin),
      recipient: '',
      expiresAt: instantOrNever(job.timestamp) + INVALID_LIFE_MS,
    },
    source,
    problem: problem.length > MAX_PROBLEM ? `${problem.slice(0, MAX_PROBLEM)}…` : problem,
  };
}
