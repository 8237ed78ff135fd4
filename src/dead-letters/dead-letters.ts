import type { Installation, OperatedStore } from '../channels/installation.ts';
import type { DeadReason } from '../outcome.ts';
import { byStore } from './batches.ts';
import {
  findDeadLetters,
  type IndexedDeadLetter,
  newestDeadLetters,
  reasonRanges,
} from './index-by-reason.ts';
import { wantedBy } from './record-filter.ts';
import { type DeadLetterRecord, readDeadLetterData, readDeadLetters } from './records.ts';
import { countDeadLetters, type DeadLetterQuery, selectDeadLetters } from './selection.ts';

/** A dead letter as listed for operators. Times in milliseconds since the epoch. */
export interface DeadLetter {
  channel: string;
  /** The message's id, or the job's id if no worker could parse the message. */
  id: string;
  jobId: string;
  reason: DeadReason;
  /** The error text of the platform or of the validation. */
  detail: string;
  /** The run that ended, and its number of requests. */
  run: number;
  attempts: number;
  diedAt: number;
  enqueuedAt: number;
}

/** A dead letter with its message. */
export interface DeadLetterDetails extends DeadLetter {
  expiresAt: number | undefined;
  /** Bytes of the message's data, if only the beginning was kept. */
  size: number | undefined;
  /** The fields that operators may see. */
  message: Record<string, unknown>;
  /** Content, data and all other fields of the message; the whole data if they are not an object. */
  content: unknown;
}

export interface DeadLetterList {
  /** Newest last. */
  letters: DeadLetter[];
  /** How many there are in all. */
  total: number;
}

/** Lists the newest dead letters of the selection; its own limit is ignored. */
export async function listDeadLetters(
  installation: Installation,
  selection: DeadLetterQuery,
  limit: number,
): Promise<DeadLetterList> {
  const { indexed, total } = await newest(installation, selection, limit);
  const letters: DeadLetter[] = [];
  for (const [channel, own] of byStore(indexed)) {
    const names = own.map(({ name }) => name);
    for (const record of await readDeadLetters(channel.store, names))
      if (record) letters.push(toDeadLetter(channel, record));
  }
  return { letters: letters.sort((a, b) => a.diedAt - b.diedAt), total };
}

async function newest(
  installation: Installation,
  selection: DeadLetterQuery,
  limit: number,
): Promise<{ indexed: IndexedDeadLetter[]; total: number }> {
  if (wantedBy(selection) || (selection.ids && selection.ids.length > 0)) {
    const plan = await selectDeadLetters(installation, { ...selection, limit: undefined });
    return { indexed: await lastOf(plan.read(), limit), total: plan.letters };
  }
  const sources = reasonRanges(installation, selection, Number.POSITIVE_INFINITY);
  const indexed = await newestDeadLetters(sources, limit);
  return { indexed, total: await countDeadLetters(sources) };
}

async function lastOf<T>(items: AsyncIterable<T>, limit: number): Promise<T[]> {
  const last: T[] = [];
  for await (const item of items) if (last.push(item) >= 2 * limit) last.splice(0, limit);
  return last.slice(-limit);
}

/** Reads the dead letters of this message id or job id, from every channel. */
export async function showDeadLetters(installation: Installation, id: string): Promise<DeadLetterDetails[]> {
  const opened = await Promise.all(
    (await findDeadLetters(installation, id)).map((letter) => showDeadLetter(letter)),
  );
  return opened.filter((letter) => letter !== undefined);
}

async function showDeadLetter({ channel, name }: IndexedDeadLetter): Promise<DeadLetterDetails | undefined> {
  const [record] = await readDeadLetters(channel.store, [name]);
  if (!record) return undefined;
  const data = await readDeadLetterData(channel.store, name);
  const expiresAt = record.reason === 'invalid_message' ? undefined : record.expiresAt;
  return { ...toDeadLetter(channel, record), expiresAt, size: record.size, ...splitData(data) };
}

const toDeadLetter = ({ name: channel }: OperatedStore, record: DeadLetterRecord): DeadLetter => ({
  channel,
  id: record.id,
  jobId: record.jobId,
  reason: record.reason,
  detail: record.detail,
  run: record.run,
  attempts: record.attempts,
  diedAt: record.diedAt,
  enqueuedAt: Number(record.enqueuedAt),
});

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

function splitData(text: string): Pick<DeadLetterDetails, 'message' | 'content'> {
  const data = parse(text);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return { message: {}, content: text };
  const fields = Object.entries(data);
  return {
    message: Object.fromEntries(fields.filter(([name]) => PUBLIC_FIELDS.has(name))),
    content: Object.fromEntries(fields.filter(([name]) => !PUBLIC_FIELDS.has(name))),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
