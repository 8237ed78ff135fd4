import type { Job } from 'bullmq';
import type { Turns } from '../turns.ts';
import { campaignOf, type FindCampaign, isJobOf } from './campaign-content.ts';
import type { Entry, Envelope, QueuedJob } from './envelope.ts';
import { readEntries } from './read-envelope.ts';
import type { ReadContext } from './read-message.ts';

/** How many messages are read before others have their turn. */
const READ_AT_ONCE = 25;

/** Reads a job that was picked up, a part of its messages at a time. */
export async function openJob(
  picked: Job<string>,
  { turns, reading, campaigns }: { turns: Turns; reading: ReadContext; campaigns: FindCampaign },
): Promise<Envelope> {
  const job = queuedJob(picked);
  const named = campaignOf(job);
  const campaign = named === undefined ? undefined : await campaigns(named);
  const reader = readEntries(job, reading, campaign);
  const entries: Entry[] = [];
  function readPart(): boolean {
    for (let i = 0; i < READ_AT_ONCE; i++) {
      const { value, done } = reader.next();
      if (done) return true;
      entries.push(value);
    }
    return false;
  }
  while (!(await turns(readPart)));
  const [first, ...rest] = entries;
  // The pause of a later campaign of the same id must not hold it.
  return {
    job,
    entries: [first!, ...rest],
    campaign: campaign && isJobOf(job, campaign) ? campaign : undefined,
  };
}

/** Converts the fields of a job's hash that `pick-up.lua` lets through. */
const queuedJob = (job: Job<string>): QueuedJob => ({
  id: job.id ?? '',
  name: job.name,
  text: job.data,
  size: Number(job.progress) || undefined,
  timestamp: job.timestamp,
  pickups: job.attemptsStarted,
  stalls: job.stalledCounter,
});
