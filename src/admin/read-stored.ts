import { type ReadJob, readJob } from '../jobs/read-job.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';
import type { OperatedChannel } from './installation.ts';

/** The job as the channel's workers read it; undefined where this version does not know the platform. */
export function readStored(job: StoredJob, { reading }: OperatedChannel): ReadJob | undefined {
  return reading && readJob(job, reading);
}
