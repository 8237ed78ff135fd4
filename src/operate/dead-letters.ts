import { explainMessage } from '../ledger/lookups.ts';
import { messageKey } from '../ledger/names.ts';
import type { DeadReason } from '../outcome.ts';
import type { Installation } from './installation.ts';
import { type IndexedLetter, letterSources, lettersOf, newestLetters } from './letter-index.ts';
import { countLetters, type LetterSelection, planLetters } from './letter-selection.ts';
import { burialKey, readJobs, readStored, type StoredJob } from './read-stored.ts';

/** A dead letter as a person wants to see it. Times in milliseconds since the epoch. */
export interface DeadLetter {
  channel: string;
  /** The message's name, or its job's where no worker could read it. */
  id: string;
  jobId: string;
  reason: DeadReason;
  /** What the platform or the check said. */
  detail: string;
  /** Of the run that died; undefined once the ledger has forgotten the message. */
  run: number | undefined;
  attempts: number | undefined;
  diedAt: number;
  enqueuedAt: number;
}

/** A letter with what its message says. */
export interface OpenedLetter extends DeadLetter {
  expiresAt: number | undefined;
  /** The fields that anybody who operates may see. */
  message: Record<string, unknown>;
  /** Content and data and whatever else the message holds; of a job that is not an object, all of it. */
  content: unknown;
}

export interface LetterList {
  /** Newest last. */
  letters: DeadLetter[];
  /** How many there are in all. */
  total: number;
}

/** The newest letters of the selection; its limit is not looked at. */
export async function listLetters(
  installation: Installation,
  selection: LetterSelection,
  limit: number,
): Promise<LetterList> {
  const { indexed, total } = await newest(installation, selection, limit);
  const read = await Promise.all(indexed.map((letter) => readLetter(installation, letter)));
  const letters = read.filter((found) => found !== undefined).map(({ letter }) => letter);
  return { letters, total };
}

async function newest(
  installation: Installation,
  selection: LetterSelection,
  limit: number,
): Promise<{ indexed: IndexedLetter[]; total: number }> {
  if (selection.ids && selection.ids.length > 0) {
    const plan = await planLetters(installation, { ...selection, limit: undefined });
    const named: IndexedLetter[] = [];
    for await (const letter of plan.read()) named.push(letter);
    return { indexed: named.slice(-limit), total: named.length };
  }
  const sources = letterSources(installation, selection, Number.POSITIVE_INFINITY);
  const indexed = await newestLetters(installation.redis, sources, limit);
  return { indexed, total: await countLetters(installation, sources) };
}

/** The dead letter of this message id or job id, in every channel that has one. */
export async function openLetters(installation: Installation, id: string): Promise<OpenedLetter[]> {
  const indexed = await lettersOf(installation, id);
  const read = await Promise.all(indexed.map((letter) => readLetter(installation, letter)));
  return read
    .filter((found) => found !== undefined)
    .map(({ letter, job, expiresAt }) => ({ ...letter, expiresAt, ...splitData(job) }));
}

interface ReadLetter {
  letter: DeadLetter;
  job: StoredJob;
  expiresAt: number | undefined;
}

/** Undefined where the job vanished; a worker's sweeper takes such a letter out of the index. */
async function readLetter(
  { redis }: Installation,
  { channel, reason, jobId, diedAt }: IndexedLetter,
): Promise<ReadLetter | undefined> {
  const [job] = await readJobs(redis, channel, [jobId]);
  if (!job) return undefined;
  const read = readStored(job, channel);
  const delivery = read?.kind === 'delivery' ? read.delivery : undefined;
  const id = delivery?.ref.id ?? (read?.kind === 'invalid' ? read.ref.id : jobId);
  const key = reason === 'invalid_message' ? burialKey(job, channel) : messageKey(id);
  const { record } = await explainMessage(redis, channel.base, {
    key: key ?? messageKey(id),
    recipient: undefined,
    playTtlMs: channel.playTtlMs,
  });
  return {
    job,
    expiresAt: delivery?.expiresAt,
    letter: {
      channel: channel.name,
      id,
      jobId,
      reason,
      detail: detailOf(job.failedReason ?? '', reason),
      run: record ? Number(record['run']) : undefined,
      attempts: record ? Number(record['attempts']) : undefined,
      diedAt,
      enqueuedAt: job.timestamp,
    },
  };
}

/** Workers write `<reason>: <detail>`; what BullMQ wrote by itself stays as it is. */
const detailOf = (failedReason: string, reason: string): string =>
  failedReason.startsWith(`${reason}: `) ? failedReason.slice(reason.length + 2) : failedReason;

const PUBLIC_FIELDS = new Set([
  'v',
  'id',
  'platform',
  'channel',
  'to',
  'format',
  'sendAt',
  'expiresAt',
  'priority',
  'onQuota',
  'lastPlayedAt',
  'meta',
]);

function splitData({ data, text }: StoredJob): Pick<OpenedLetter, 'message' | 'content'> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return { message: {}, content: text };
  const fields = Object.entries(data);
  return {
    message: Object.fromEntries(fields.filter(([name]) => PUBLIC_FIELDS.has(name))),
    content: Object.fromEntries(fields.filter(([name]) => !PUBLIC_FIELDS.has(name))),
  };
}
