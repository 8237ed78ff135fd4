import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { QueuedJob } from './envelope.ts';

/** A job's data beyond this is not read: the largest message takes some 800 KiB, written with all its escapes. */
export const MAX_DATA_BYTES = 1024 * 1024;
/** What is kept of data that are too large, for diagnosis. */
export const HEAD_BYTES = 16 * 1024;

/** A job as it is stored in Redis. BullMQ's own reader throws for what is not JSON. */
export interface StoredJob extends QueuedJob {
  /** When it ended, if it did. */
  finishedOn: number | undefined;
  failedReason: string | undefined;
}

/** KEYS: jobs. ARGV: most bytes of data, bytes of its beginning. */
const READ = `
local answer = {}
for i, key in ipairs(KEYS) do
  local job = redis.call('HMGET', key, 'timestamp', 'finishedOn', 'ats', 'stc', 'failedReason', 'herald:size', 'data')
  local data = job[7]
  if data and #data > tonumber(ARGV[1]) then
    job[6], job[7] = tostring(#data), string.sub(data, 1, tonumber(ARGV[2]))
  end
  answer[i] = job
end
return answer`;

type Fields = (string | null)[];

/** For each id, in order; undefined where there is no such job. */
export async function readStoredJobs(
  redis: Redis,
  queue: Queue,
  ids: readonly string[],
): Promise<(StoredJob | undefined)[]> {
  if (ids.length === 0) return [];
  const keys = ids.map((id) => queue.toKey(id));
  const read = await redis.eval(READ, keys.length, ...keys, MAX_DATA_BYTES, HEAD_BYTES);
  return (read as Fields[]).map((fields, i) => toJob(ids[i]!, fields));
}

function toJob(
  id: string,
  [timestamp, finishedOn, pickups, stalls, failedReason, size, text]: Fields,
): StoredJob | undefined {
  if (!text || !timestamp) return undefined;
  return {
    id,
    text,
    size: size ? Number(size) : undefined,
    timestamp: Number(timestamp),
    finishedOn: finishedOn ? Number(finishedOn) : undefined,
    pickups: Number(pickups ?? 0),
    stalls: Number(stalls ?? 0),
    failedReason: failedReason ?? undefined,
  };
}
