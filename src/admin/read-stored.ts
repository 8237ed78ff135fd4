import type { OperatedStore } from '../channels/installation.ts';
import type { DeadLetterRecord } from '../dead-letters/records.ts';
import { campaignOf } from '../jobs/campaign-content.ts';
import type { Entry } from '../jobs/envelope.ts';
import { readEntries } from '../jobs/read-envelope.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';

/** Reads the messages of a job as the channel's workers do; empty if this version does not know the platform. */
export async function readStored(
  job: StoredJob,
  { reading, campaigns }: OperatedStore,
): Promise<readonly Entry[]> {
  if (!reading) return [];
  const named = campaignOf(job);
  const campaign = named === undefined ? undefined : await campaigns(named);
  return readEntries(job, reading, campaign);
}

/** Converts a dead letter to the job that it was, so that it is parsed in the same way. */
export const deadLetterAsJob = (letter: DeadLetterRecord, text: string): StoredJob => ({
  id: letter.jobId,
  name: letter.jobName,
  text,
  size: letter.size,
  timestamp: Number(letter.enqueuedAt),
  finishedOn: undefined,
  pickups: 0,
  stalls: 0,
  failedReason: undefined,
});
