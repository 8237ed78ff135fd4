import { Job } from 'bullmq';
import { MESSAGE_JOB } from '../../jobs/queues.ts';
import { isLostConnection } from '../../jobs/redis-errors.ts';
import { dropLetter } from '../../ledger/letters.ts';
import { type LetterToReplay, type ReplayStart, startReplays } from '../../ledger/lookups.ts';
import type { Installation, OperatedChannel } from '../installation.ts';
import type { IndexedLetter } from '../letter-index.ts';
import { burialKey, readJobs, readStored, type StoredJob } from '../read-stored.ts';

/** What came of one letter. */
export type ReplayStep =
  | { kind: 'replayed' }
  /** Somebody else replayed it meanwhile. */
  | { kind: 'already_replayed' }
  /** Its job is gone; it was dropped from the index. */
  | { kind: 'vanished' }
  /** It stays a dead letter. */
  | { kind: 'failed'; why: string };

export interface Replayed {
  letter: IndexedLetter;
  step: ReplayStep;
}

/** Replays some letters of any channels; a few dozen at a time, since each channel's part is one script call. */
export async function replayBatch(
  installation: Installation,
  letters: readonly IndexedLetter[],
): Promise<Replayed[]> {
  const done: Replayed[] = [];
  for (const channel of new Set(letters.map((letter) => letter.channel))) {
    const own = letters.filter((letter) => letter.channel === channel);
    done.push(...(await replayOwn(installation, channel, own)));
  }
  return done;
}

/** Letters of one channel: all their runs are started in one call, then each job is moved. */
async function replayOwn(
  { redis }: Installation,
  channel: OperatedChannel,
  letters: readonly IndexedLetter[],
): Promise<Replayed[]> {
  const jobIds = letters.map(({ jobId }) => jobId);
  const jobs = await readJobs(redis, channel, jobIds);
  const prepared = letters.map((letter, i) => ({ letter, ...prepare(letter, jobs[i]) }));
  const startable = prepared.filter((entry) => entry.start !== undefined);
  const starts = await startReplays(
    redis,
    channel.base,
    startable.map(({ start }) => start!),
  );
  const statuses = new Map(startable.map(({ letter }, i) => [letter, starts[i]!.status]));
  return await Promise.all(
    prepared.map(async ({ letter, id, step }) => {
      const ended = step ?? (await moveStarted(letter, statuses.get(letter)!));
      if (ended.kind !== 'failed') {
        await dropLetter(
          redis,
          channel.base,
          { reason: letter.reason, jobId: letter.jobId, id },
          letter.diedAt,
        );
      }
      return { letter, step: ended };
    }),
  );
}

interface Prepared {
  /** The message's name, or the job's. */
  id: string;
  /** Set where a run may be started. */
  start?: LetterToReplay;
  /** Set where the letter ends here. */
  step?: ReplayStep;
}

function prepare(letter: IndexedLetter, job: StoredJob | undefined): Prepared {
  const { channel, jobId, reason, diedAt } = letter;
  if (!job) return { id: jobId, step: { kind: 'vanished' } };
  const read = readStored(job, channel);
  if (!read) {
    return { id: jobId, step: failed(`this version does not know the platform ${channel.platform}`) };
  }
  const id = read.kind === 'delivery' ? read.delivery.ref.id : read.kind === 'invalid' ? read.ref.id : jobId;
  if (reason === 'invalid_message') {
    // It died unread, in a record of its own: whoever reads it now, that is the run which ended.
    const key = burialKey(job, channel);
    return key === undefined
      ? { id, step: failed('its job cannot be read') }
      : { id, start: { jobId, reason, diedAt, key, expiresAt: 0 } };
  }
  if (read.kind !== 'delivery') {
    const step = failed(
      'a worker could read it and this version cannot: replay it with the version of the workers',
    );
    return { id, step };
  }
  const { key, expiresAt } = read.delivery.ledger;
  return { id, start: { jobId, reason, diedAt, key, expiresAt } };
}

const failed = (why: string): ReplayStep => ({ kind: 'failed', why });

async function moveStarted(letter: IndexedLetter, status: ReplayStart): Promise<ReplayStep> {
  if (status === 'gone') return { kind: 'already_replayed' };
  if (status === 'active')
    return failed('a send of the same message is under way: try again when it has ended');
  return await moveJob(letter);
}

/** BullMQ's answers to a retry. */
const NOT_FAILED = -3;
const NO_JOB = -1;

/** `failed` → waiting; only one of two that try at the same time succeeds. */
async function moveJob({ channel, jobId }: IndexedLetter): Promise<ReplayStep> {
  // Made and not read: the data may be no JSON, and a retry looks at nothing but the id.
  const job = new Job(channel.queue, MESSAGE_JOB, null, {}, jobId);
  try {
    await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    return { kind: 'replayed' };
  } catch (error) {
    const { code, message } = error as Error & { code?: number };
    if (code === NOT_FAILED) return { kind: 'already_replayed' };
    if (code === NO_JOB) return { kind: 'vanished' };
    if (isLostConnection(error)) throw error;
    return failed(message);
  }
}
