import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** A job as it lies in Redis. BullMQ's own reader throws for data that is not JSON; dead letters may hold such. */
export interface StoredJob {
  id: string;
  /** The data as text. */
  text: string;
  /** Undefined where the text is not JSON. */
  data: unknown;
  /** When it was added, milliseconds since the epoch. */
  timestamp: number;
  /** When it ended, if it did. */
  finishedOn: number | undefined;
  /** How often workers took it up. */
  starts: number;
  failedReason: string | undefined;
}

const FIELDS = ['data', 'timestamp', 'finishedOn', 'ats', 'failedReason'] as const;

/** For each id, in order; undefined where there is no such job. */
export async function readStoredJobs(
  redis: Redis,
  queue: Queue,
  ids: readonly string[],
): Promise<(StoredJob | undefined)[]> {
  return await Promise.all(ids.map(async (id) => toJob(id, await redis.hmget(queue.toKey(id), ...FIELDS))));
}

function toJob(
  id: string,
  [text, timestamp, finishedOn, starts, failedReason]: (string | null)[],
): StoredJob | undefined {
  if (!text || !timestamp) return undefined;
  return {
    id,
    text,
    data: parse(text),
    timestamp: Number(timestamp),
    finishedOn: finishedOn ? Number(finishedOn) : undefined,
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
