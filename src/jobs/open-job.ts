import type { Job } from 'bullmq';
import { campaignOf, type FindCampaign, isJobOf } from './campaign-content.ts';
import type { Envelope, QueuedJob } from './envelope.ts';
import { listEntries } from './read-envelope.ts';
import type { ReadContext } from './read-message.ts';

/** Opens a job that was picked up. Its messages are read when they start. */
export async function openJob(
  picked: Job<string>,
  { reading, campaigns }: { reading: ReadContext; campaigns: FindCampaign },
): Promise<Envelope> {
  const job = queuedJob(picked);
  const named = campaignOf(job);
  const campaign = named === undefined ? undefined : await campaigns(named);
  return {
    job,
    entries: listEntries(job, reading, campaign),
    // A later campaign of the same id must not pause a job of the earlier one.
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
