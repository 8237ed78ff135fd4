import { dropLetter } from '../ledger/letters.ts';
import type { Installation } from './installation.ts';
import type { IndexedLetter } from './letter-index.ts';
import { readJobs, readStored } from './read-stored.ts';

export interface PurgeResult {
  purged: number;
  /** Left alone: replayed by somebody else meanwhile. */
  replayedMeanwhile: number;
  /** The signal ended it early. */
  interrupted: boolean;
}

export interface PurgeOptions {
  /** Ends the purge between two letters. */
  signal?: AbortSignal | undefined;
  /** Told after every letter. */
  onStep?: (() => void) | undefined;
}

/** Deletes dead letters for good, jobs and all. */
export async function purgeLetters(
  installation: Installation,
  letters: AsyncIterable<IndexedLetter>,
  { signal, onStep }: PurgeOptions = {},
): Promise<PurgeResult> {
  const result: PurgeResult = { purged: 0, replayedMeanwhile: 0, interrupted: false };
  for await (const letter of letters) {
    if (signal?.aborted) return { ...result, interrupted: true };
    if (await purgeLetter(installation, letter)) result.purged += 1;
    else result.replayedMeanwhile += 1;
    onStep?.();
  }
  return result;
}

/** @returns false for a letter that is alive again */
async function purgeLetter({ redis }: Installation, letter: IndexedLetter): Promise<boolean> {
  const { channel, jobId, reason, diedAt } = letter;
  const [job] = await readJobs(redis, channel, [jobId]);
  const read = job && readStored(job, channel);
  const id =
    read?.kind === 'delivery' ? read.delivery.ref.id : read?.kind === 'invalid' ? read.ref.id : jobId;
  // BullMQ removes a job whatever its state. Taken out of the failed set first, it can no longer be replayed, and a
  // job that was replayed a moment ago is not deleted with its message.
  const claimed = (await redis.zrem(channel.queue.toKey('failed'), jobId)) === 1;
  const orphaned = !claimed && (await channel.queue.getJobState(jobId)) === 'unknown';
  if (claimed || orphaned) await channel.queue.remove(jobId);
  await dropLetter(redis, channel.base, { reason, jobId, id }, diedAt);
  return claimed || orphaned;
}
