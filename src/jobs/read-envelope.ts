import { MESSAGE_VERSION } from '../message/fields.ts';
import type { CampaignContent } from './campaign-content.ts';
import type { Entry, Envelope, QueuedJob } from './envelope.ts';
import {
  CAMPAIGN_JOB,
  CAMPAIGN_VERSION,
  entryId,
  MAX_MESSAGES,
  MAX_MESSAGES_BYTES,
  MESSAGES_JOB,
  originalJobId,
} from './job-ids.ts';
import { readCampaign } from './read-campaign.ts';
import {
  invalid,
  type Part,
  parse,
  partOf,
  type ReadContext,
  readMessage,
  sourceOf,
} from './read-message.ts';
import { MAX_DATA_BYTES } from './stored-jobs.ts';

/** Parses a job into its messages. Never throws, whatever a producer enqueued. */
export function readEnvelope(job: QueuedJob, context: ReadContext, campaign?: CampaignContent): Envelope {
  const [first, ...rest] = readEntries(job, context, campaign);
  return { job, entries: [first!, ...rest] };
}

/**
 * Parses the messages of a job one after the other, at least one, for a caller that yields in between.
 * @param campaign whose recipients the job has, where it is one of a campaign that is kept
 */
export function* readEntries(
  job: QueuedJob,
  context: ReadContext,
  campaign?: CampaignContent,
): Generator<Entry> {
  const origin = originalJobId(job.id);
  const whole = { origin, source: sourceOf(job) };
  if (job.size !== undefined) {
    yield invalid(job, whole, `data: ${job.size} bytes, at most ${MAX_DATA_BYTES} allowed`, context);
    return;
  }
  const data = parse(job.text);
  if (data === undefined) {
    yield invalid(job, whole, 'data: not JSON', context);
    return;
  }
  const format = FORMATS[job.name];
  if (format === undefined) yield readMessage(job, { ...whole, data }, context);
  else yield* readMany(job, { ...whole, data, ...format }, context, campaign);
}

/** Where a job of many has its messages, and which version its data are of. */
interface ListFormat {
  list: string;
  version: number;
}

/** By the name of the job. */
const FORMATS: Readonly<Record<string, ListFormat>> = {
  [MESSAGES_JOB]: { list: 'messages', version: MESSAGE_VERSION },
  [CAMPAIGN_JOB]: { list: 'to', version: CAMPAIGN_VERSION },
};

function* readMany(
  job: QueuedJob,
  whole: Part & ListFormat,
  context: ReadContext,
  campaign: CampaignContent | undefined,
): Generator<Entry> {
  const { v, [whole.list]: messages } = Object(whole.data) as Record<string, unknown>;
  const problem =
    v === whole.version ? listProblem(job.text, { [whole.list]: messages }) : `v: expected ${whole.version}`;
  if (Number.isSafeInteger(v) && (v as number) > whole.version) {
    yield { kind: 'newer', v: v as number, origin: whole.origin, source: whole.source };
  } else if (problem !== undefined) {
    yield invalid(job, whole, problem, context);
  } else if (job.name === CAMPAIGN_JOB) {
    yield* readCampaign(job, whole, context, campaign);
  } else {
    for (const [index, message] of (messages as unknown[]).entries()) {
      const data = withVersion(message);
      const source = partOf(whole.source, data);
      yield readMessage(job, { origin: entryId(whole.origin, index), source, data }, context);
    }
  }
}

function listProblem(text: string, field: Record<string, unknown>): string | undefined {
  const [[name, list] = []] = Object.entries(field);
  if (!Array.isArray(list) || list.length === 0)
    return `${name}: expected a list of ${name === 'to' ? 'recipients' : 'messages'}`;
  if (list.length > MAX_MESSAGES) return `${name}: ${list.length} of them, at most ${MAX_MESSAGES} allowed`;
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
