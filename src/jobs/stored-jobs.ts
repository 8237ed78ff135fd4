import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { QueuedJob } from './envelope.ts';

/** Larger data are not read. The largest valid message takes about 800 KiB, with all characters escaped. */
export const MAX_DATA_BYTES = 1024 * 1024;
/** How much of data that are too large is kept, for diagnosis. */
export const HEAD_BYTES = 16 * 1024;

/** A job as stored in Redis. BullMQ's own reader throws if the data are not JSON. */
export interface StoredJob extends QueuedJob {
  /** When it finished, if it did. */
  finishedOn: number | undefined;
  failedReason: string | undefined;
}

/** KEYS: jobs. ARGV: the maximum size of data, the size of the beginning that is kept, in bytes. */
const READ = `
local answer = {}
for i, key in ipairs(KEYS) do
  local job = redis.call('HMGET', key, 'timestamp', 'finishedOn', 'ats', 'stc', 'failedReason', 'herald:size', 'data', 'name')
  local data = job[7]
  if data and #data > tonumber(ARGV[1]) then
    job[6], job[7] = tostring(#data), string.sub(data, 1, tonumber(ARGV[2]))
  end
  answer[i] = job
end
return answer`;

type Fields = (string | null)[];

/** Reads jobs by id, in order; undefined for an id without a job. */
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
  [timestamp, finishedOn, pickups, stalls, failedReason, size, text, name]: Fields,
): StoredJob | undefined {
  if (!text || !timestamp) return undefined;
  return {
    id,
    name: name ?? '',
    text,
    size: size ? Number(size) : undefined,
    timestamp: Number(timestamp),
    finishedOn: finishedOn ? Number(finishedOn) : undefined,
    pickups: Number(pickups ?? 0),
    stalls: Number(stalls ?? 0),
    failedReason: failedReason ?? undefined,
  };
}
