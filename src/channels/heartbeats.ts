import type { Redis } from 'ioredis';
import { channelKeys } from '../redis/keys.ts';
import { storeTime } from '../redis/store-clock.ts';

/**
 * The heartbeats of the workers of a channel: the sorted set `herald:{<channel>}:workers`, whose members are JSON and whose
 * scores are the instants until which a worker counts as alive, milliseconds since the epoch by the store's clock. The
 * channel registry does not show that: its entries stay after the last worker has stopped.
 */
export interface WorkerIdentity {
  host: string;
  pid: number;
  /** Start time, milliseconds since the epoch by the worker's clock. */
  since: number;
}

/** Tolerates three missed heartbeats. */
export const BEAT_MS = 10_000;
const ALIVE_MS = 3.5 * BEAT_MS;

const member = ({ host, pid, since }: WorkerIdentity): string => JSON.stringify({ host, pid, since });

/** Records a heartbeat; the key expires when there are no more. */
export async function beat(
  redis: Redis,
  channels: readonly string[],
  identity: WorkerIdentity,
): Promise<void> {
  const now = await storeTime(redis);
  await Promise.all(
    channels.map(async (channel) => {
      const key = channelKeys(channel).workers;
      await redis.zadd(key, now + ALIVE_MS, member(identity));
      await redis.zremrangebyscore(key, '-inf', now);
      await redis.pexpire(key, ALIVE_MS);
    }),
  );
}

export async function endBeat(
  redis: Redis,
  channels: readonly string[],
  identity: WorkerIdentity,
): Promise<void> {
  await Promise.all(channels.map((channel) => redis.zrem(channelKeys(channel).workers, member(identity))));
}

/** The workers alive now, oldest heartbeat first. */
export async function aliveWorkers(redis: Redis, channel: string): Promise<WorkerIdentity[]> {
  const now = await storeTime(redis);
  const members = await redis.zrangebyscore(channelKeys(channel).workers, `(${now}`, '+inf');
  return members.flatMap(parseMember);
}

/** How many workers are alive. @param now store's clock, milliseconds since the epoch */
export const countAliveWorkers = (redis: Redis, channel: string, now: number): Promise<number> =>
  redis.zcount(channelKeys(channel).workers, `(${now}`, '+inf');

/** Ignores members of another version or another program. */
function parseMember(text: string): WorkerIdentity[] {
  try {
    const { host, pid, since } = JSON.parse(text) as Record<string, unknown>;
    if (typeof host !== 'string' || typeof pid !== 'number' || typeof since !== 'number') return [];
    return [{ host, pid, since }];
  } catch {
    return [];
  }
}
