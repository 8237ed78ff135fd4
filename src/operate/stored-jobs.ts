import type { Redis } from 'ioredis';
import { type ReadJob, readJob } from '../workers/delivery.ts';
import type { OperatedChannel } from './installation.ts';

/** A job as it lies in Redis. BullMQ's own reader throws for data that is not JSON; dead letters may hold such. */
export interface StoredJob {
  id: string;
  /** The data as text. */
  text: string;
  /** Undefined where the text is not JSON. */
  data: unknown;
  /** When it was added, milliseconds since the epoch. */
  timestamp: number;
  /** How often workers took it up. */
  starts: number;
  failedReason: string | undefined;
}

const FIELDS = ['data', 'timestamp', 'ats', 'failedReason'] as const;

/** For each id, in order; undefined where there is no such job. */
export async function readJobs(
  redis: Redis,
  { queue }: OperatedChannel,
  ids: readonly string[],
): Promise<(StoredJob | undefined)[]> {
  return await Promise.all(ids.map(async (id) => toJob(id, await redis.hmget(queue.toKey(id), ...FIELDS))));
}

/** The job of this id, if what lies under that name is one: any text may be asked for. */
export async function findJob(
  redis: Redis,
  channel: OperatedChannel,
  id: string,
): Promise<StoredJob | undefined> {
  if ((await redis.type(channel.queue.toKey(id))) !== 'hash') return undefined;
  return (await readJobs(redis, channel, [id]))[0];
}

function toJob(
  id: string,
  [text, timestamp, starts, failedReason]: (string | null)[],
): StoredJob | undefined {
  if (!text || !timestamp) return undefined;
  return {
    id,
    text,
    data: parse(text),
    timestamp: Number(timestamp),
    starts: Number(starts ?? 0),
    failedReason: failedReason ?? undefined,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The job as the channel's workers read it; undefined where this version does not know the platform. */
export function readStored(job: StoredJob, { reading }: OperatedChannel): ReadJob | undefined {
  return reading && readJob(job, reading);
}

/**
 * The record in which a job is buried that no worker could read. It is not the record of the message whose id the job
 * carries, and it stays the same when a newer version can read what the older one could not.
 */
export function burialKey(job: StoredJob, channel: OperatedChannel): string | undefined {
  const read = readStored({ ...job, data: undefined }, channel);
  return read?.kind === 'invalid' ? read.ledger.key : undefined;
}
