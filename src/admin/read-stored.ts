import type { OperatedChannel } from '../channels/installation.ts';
import type { Entry } from '../jobs/envelope.ts';
import { readEnvelope } from '../jobs/read-envelope.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';

/** Parses the job's messages as the channel's workers do; empty if this version does not know the platform. */
export const readStored = (job: StoredJob, { reading }: OperatedChannel): readonly Entry[] =>
  reading ? readEnvelope(job, reading).entries : [];
