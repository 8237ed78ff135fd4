import type { Redis } from 'ioredis';
import { type ReadJob, readJob } from '../jobs/read-job.ts';
import { readStoredJobs, type StoredJob } from '../jobs/stored-jobs.ts';
import type { OperatedChannel } from './installation.ts';

export type { StoredJob };

/** For each id, in order; undefined where there is no such job. */
export const readJobs = (
  redis: Redis,
  { queue }: OperatedChannel,
  ids: readonly string[],
): Promise<(StoredJob | undefined)[]> => readStoredJobs(redis, queue, ids);

/** The job of this id, if what lies under that name is one: any text may be asked for. */
export async function findJob(
  redis: Redis,
  channel: OperatedChannel,
  id: string,
): Promise<StoredJob | undefined> {
  if ((await redis.type(channel.queue.toKey(id))) !== 'hash') return undefined;
  return (await readJobs(redis, channel, [id]))[0];
}

/** The job as the channel's workers read it; undefined where this version does not know the platform. */
export function readStored(job: StoredJob, { reading }: OperatedChannel): ReadJob | undefined {
  return reading && readJob(job, reading);
}
