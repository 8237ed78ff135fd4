import { jobKey, messageKey, recipientKey } from '../ledger/names.ts';
import { type ChannelRules, fitProblem } from '../message/fit.ts';
import { problemText } from '../message/problems.ts';
import type { AnyMessage, MessageSchemas } from '../message/schema.ts';
import type { MessageRef } from '../observe/observer.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import type { Entry, EntrySource, Envelope, InvalidEntry, QueuedJob } from './envelope.ts';
import { originalJobId } from './job-ids.ts';
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
export const readEnvelope = (job: QueuedJob, context: ReadContext): Envelope => ({
  job,
  entries: [readMessage(job, context)],
});

/** Parses the job's data as one message. */
function readMessage(job: QueuedJob, context: ReadContext): Entry {
  const origin = originalJobId(job.id);
  if (job.size !== undefined) {
    return invalid(job, undefined, `data: ${job.size} bytes, at most ${MAX_DATA_BYTES} allowed`, context);
  }
  const data = parse(job.text);
  if (data === undefined) return invalid(job, undefined, 'data: not JSON', context);
  const parsed = context.schemas.parseJob(data, job.timestamp, origin);
  if (parsed.kind === 'newer') return parsed;
  if (parsed.kind === 'invalid') return invalid(job, parsed.id, parsed.problems.join('; '), context);
  const message = parsed.message as AnyMessage;
  const recipient = context.definition.recipient(message);
  const misfit = fitProblem(message, recipient, context.channel);
  if (misfit) return invalid(job, parsed.id, problemText(misfit), context);
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
        requests: context.definition.requests?.(message),
        meta: message.meta && JSON.stringify(message.meta).toWellFormed(),
        ...(disclosed && { to: JSON.stringify(message.to).toWellFormed() }),
      },
      source: { ...sourceOf(job), dueAt, priority: message.priority ?? 0 },
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

const sourceOf = ({ text, size, timestamp }: QueuedJob): EntrySource => ({
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
  id: string | undefined,
  problem: string,
  context: ReadContext,
): InvalidEntry {
  const origin = originalJobId(job.id);
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
    source: sourceOf(job),
    problem: problem.length > MAX_PROBLEM ? `${problem.slice(0, MAX_PROBLEM)}…` : problem,
  };
}
