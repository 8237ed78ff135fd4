import { tryParseJson } from '../json.ts';
import { MESSAGE_VERSION } from '../message/fields.ts';
import type { CampaignContent, Entry, EntryList, QueuedJob } from './envelope.ts';
import {
  CAMPAIGN_JOB,
  CAMPAIGN_VERSION,
  entryId,
  LISTED_JOB,
  MAX_MESSAGES,
  MAX_MESSAGES_BYTES,
  MESSAGES_JOB,
  originalJobId,
} from './job-ids.ts';
import { listRecipients } from './read-campaign.ts';
import { invalid, type Part, partOf, type ReadContext, readMessage, sourceOf } from './read-message.ts';
import { MAX_DATA_BYTES } from './stored-jobs.ts';

/** Reads all messages of a job. Never throws, whatever a producer enqueued. */
export function readEntries(
  job: QueuedJob,
  context: ReadContext,
  campaign?: CampaignContent,
): readonly [Entry, ...Entry[]] {
  const list = listEntries(job, context, campaign);
  const rest = Array.from({ length: list.length - 1 }, (_, index) => list.read(index + 1));
  return [list.read(0), ...rest];
}

/**
 * Parses a job into its messages, none of which is read yet. Never throws.
 * @param campaign the one that the job names, if it is kept
 */
export function listEntries(job: QueuedJob, context: ReadContext, campaign?: CampaignContent): EntryList {
  const origin = originalJobId(job.id);
  const whole = { origin, source: sourceOf(job) };
  if (job.size !== undefined)
    return only(invalid(job, whole, `data: ${job.size} bytes, at most ${MAX_DATA_BYTES} allowed`, context));
  const data = tryParseJson(job.text);
  if (data === undefined) return only(invalid(job, whole, 'data: not JSON', context));
  const format = FORMATS[job.name];
  if (format === undefined)
    return { length: 1, read: () => readMessage(job, { origin, ...single(job, data) }, context) };
  return listMany(job, { ...whole, data, ...format }, context, campaign);
}

/** The message that is alone in a job. One that another store has listed differs from others only there, and not in a dead letter. */
function single(job: QueuedJob, data: unknown): Pick<Part, 'source' | 'data'> {
  const source = sourceOf(job);
  if (job.name !== LISTED_JOB || Object(data).v !== CAMPAIGN_VERSION) return { source, data };
  const message = { ...Object(data), v: MESSAGE_VERSION };
  return { source: partOf(source, message), data: message };
}

const only = (entry: Entry): EntryList => ({ length: 1, read: () => entry });

/** In which field a job of many has its messages, and the version of its data. */
interface ListFormat {
  list: string;
  version: number;
}

/** By the name of the job. */
const FORMATS: Readonly<Record<string, ListFormat>> = {
  [MESSAGES_JOB]: { list: 'messages', version: MESSAGE_VERSION },
  [CAMPAIGN_JOB]: { list: 'to', version: CAMPAIGN_VERSION },
};

function listMany(
  job: QueuedJob,
  whole: Part & ListFormat,
  context: ReadContext,
  campaign: CampaignContent | undefined,
): EntryList {
  const { v, [whole.list]: list } = Object(whole.data) as Record<string, unknown>;
  if (Number.isSafeInteger(v) && (v as number) > whole.version)
    return only({ kind: 'newer', v: v as number, origin: whole.origin, source: whole.source });
  const problem =
    v === whole.version ? listProblem(job.text, { [whole.list]: list }) : `v: expected ${whole.version}`;
  if (problem !== undefined) return only(invalid(job, whole, problem, context));
  if (job.name === CAMPAIGN_JOB) return listRecipients(job, whole, context, campaign);
  const messages = list as readonly unknown[];
  return {
    length: messages.length,
    read(index) {
      const data = withVersion(messages[index]);
      const source = partOf(whole.source, data);
      return readMessage(job, { origin: entryId(whole.origin, index), source, data }, context);
    },
  };
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

/** The message with the version of its job, as a job of its own would have it. */
const withVersion = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && !Array.isArray(message)
    ? { v: MESSAGE_VERSION, ...message }
    : message;
