import type { ChannelStore } from '../redis/channel-store.ts';
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

/** Records a heartbeat; the key expires when they end. */
export async function beat({ redis, keys }: ChannelStore, identity: WorkerIdentity): Promise<void> {
  const now = await storeTime(redis);
  await redis.zadd(keys.workers, now + ALIVE_MS, member(identity));
  await redis.zremrangebyscore(keys.workers, '-inf', now);
  await redis.pexpire(keys.workers, ALIVE_MS);
}

export const endBeat = ({ redis, keys }: ChannelStore, identity: WorkerIdentity): Promise<number> =>
  redis.zrem(keys.workers, member(identity));

/** The workers alive now, oldest heartbeat first. */
export async function aliveWorkers({ redis, keys }: ChannelStore): Promise<WorkerIdentity[]> {
  const now = await storeTime(redis);
  const members = await redis.zrangebyscore(keys.workers, `(${now}`, '+inf');
  return members.flatMap(parseMember);
}

/** How many workers are alive. @param now store's clock, milliseconds since the epoch */
export const countAliveWorkers = ({ redis, keys }: ChannelStore, now: number): Promise<number> =>
  redis.zcount(keys.workers, `(${now}`, '+inf');

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
