import type { JobState as BullState, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { openQueue } from './open-queue.ts';
import { readStoredJobs, type StoredJob } from './stored-jobs.ts';

/**
 * The queue of one channel, for reading it or holding it as a whole. Here, and nowhere outside of this folder, it is
 * known how BullMQ lays its jobs out in Redis. Times are in milliseconds since the epoch.
 */
export interface ChannelQueue {
  /** @param now by which delayed jobs are overdue */
  figures(now: number): Promise<QueueFigures>;
  /** The jobs at the heads of the lists, which have been there for longest: two at most of a state. */
  heads(): Promise<Record<'ready' | 'active', StoredJob[]>>;
  /** The first jobs of a state in the order in which workers take them. */
  first(state: ListedState, limit: number): Promise<ListedJob[]>;
  /** For each id, in order; undefined where there is no such job. */
  read(ids: readonly string[]): Promise<(StoredJob | undefined)[]>;
  /** The job of this id, if the key of that name is a job: any text may be asked for. */
  find(id: string): Promise<StoredJob | undefined>;
  /** The job that was enqueued under this name of a message and is not done; not found after a replay. */
  findNamed(messageId: string): Promise<StoredJob | undefined>;
  /** Where the job is, and when it is due if it is delayed. */
  whereabouts(id: string): Promise<{ state: JobState; dueAt: number | null }>;
  /** Jobs that BullMQ gave up, oldest first; what is listed there without a job is taken off the list. */
  failed(skip: number, limit: number): Promise<StoredJob[]>;
  /** Whether somebody paused it by BullMQ's own means, as dashboards do. */
  isPaused(): Promise<boolean>;
  /** Ends such a pause, and a rest. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

export interface QueueFigures {
  /** Jobs that the next free worker takes. */
  ready: number;
  active: number;
  delayed: number;
  /** Delayed jobs that are due. */
  overdue: number;
  failed: number;
  paused: boolean;
  /** Whether it gives nothing out for a rest of its own. */
  resting: boolean;
}

export const LISTED_STATES = ['active', 'ready', 'delayed'] as const;
export type ListedState = (typeof LISTED_STATES)[number];

export interface ListedJob {
  id: string;
  /** When a delayed job is due. */
  dueAt: number | null;
}

export type JobState = BullState | 'unknown';

/** For reading: nothing is written except by `resume`, and by `failed` as documented. */
export const openChannelQueue = (redis: Redis, channel: string): ChannelQueue =>
  channelQueue(openQueue(redis, channel), redis);

export function channelQueue(queue: Queue, redis: Redis): ChannelQueue {
  const read = (ids: readonly string[]): Promise<(StoredJob | undefined)[]> =>
    readStoredJobs(redis, queue, ids);
  const readFound = async (ids: readonly (string | null | undefined)[]): Promise<StoredJob[]> =>
    (await read(ids.filter((id) => typeof id === 'string'))).filter((job) => job !== undefined);

  return {
    figures: (now) => readFigures(queue, redis, now),
    async heads() {
      const [waiting, [prioritized], active] = await Promise.all([
        redis.lindex(queue.toKey('wait'), -1),
        redis.zrange(queue.toKey('prioritized'), '0', '0'),
        redis.lindex(queue.toKey('active'), -1),
      ]);
      return { ready: await readFound([waiting, prioritized]), active: await readFound([active]) };
    },
    first: (state, limit) => READERS[state](queue, redis, limit),
    read,
    async find(id) {
      if ((await redis.type(queue.toKey(id))) !== 'hash') return undefined;
      return (await read([id]))[0];
    },
    async findNamed(messageId) {
      return (await readFound([await queue.getDeduplicationJobId(messageId)]))[0];
    },
    async whereabouts(id) {
      const score = await redis.zscore(queue.toKey('delayed'), id);
      return {
        state: await queue.getJobState(id),
        dueAt: score === null ? null : dueAtOf(score),
      };
    },
    async failed(skip, limit) {
      const key = queue.toKey('failed');
      const ids = await redis.zrange(key, String(skip), String(skip + limit - 1));
      const jobs = await read(ids);
      const vanished = ids.filter((_, i) => jobs[i] === undefined);
      if (vanished.length > 0) await redis.zrem(key, ...vanished);
      return jobs.filter((job) => job !== undefined);
    },
    isPaused: () => queue.isPaused(),
    async resume() {
      if (await queue.isPaused()) await queue.resume();
      await queue.removeRateLimitKey();
    },
    close: () => queue.close(),
  };
}

async function readFigures(queue: Queue, redis: Redis, now: number): Promise<QueueFigures> {
  const [counts, overdue, restMs, paused] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
    queue.getDelayedCount(now),
    queue.getRateLimitTtl(),
    queue.isPaused(),
  ]);
  // A dashboard of BullMQ 5 moves those that wait to a list of their own; later ones leave them where they are.
  const aside = paused ? await redis.llen(queue.toKey('paused')) : 0;
  const count = (name: string): number => counts[name] ?? 0;
  return {
    ready: count('waiting') + aside + count('prioritized'),
    active: count('active'),
    delayed: count('delayed'),
    overdue,
    failed: count('failed'),
    paused,
    resting: restMs > 0,
  };
}

type Reader = (queue: Queue, redis: Redis, limit: number) => Promise<ListedJob[]>;

const undelayed = (id: string): ListedJob => ({ id, dueAt: null });

/** BullMQ keeps a delayed job's moment in the upper bits of its score, a counter in the lower twelve. */
const dueAtOf = (score: string): number => Math.floor(Number(score) / 0x1000);

/** Lists are taken from their right ends, sorted sets from their lowest scores. */
const READERS: Record<ListedState, Reader> = {
  active: async (queue, redis, limit) =>
    (await redis.lrange(queue.toKey('active'), -limit, -1)).toReversed().map(undelayed),
  async ready(queue, redis, limit) {
    const first = (await redis.lrange(queue.toKey('wait'), -limit, -1)).toReversed();
    const left = limit - first.length;
    const then = left > 0 ? await redis.zrange(queue.toKey('prioritized'), '0', String(left - 1)) : [];
    return [...first, ...then].map(undelayed);
  },
  async delayed(queue, redis, limit) {
    const answer = await redis.zrange(queue.toKey('delayed'), '0', String(limit - 1), 'WITHSCORES');
    return Array.from({ length: answer.length / 2 }, (_, i) => ({
      id: answer[2 * i]!,
      dueAt: dueAtOf(answer[2 * i + 1]!),
    }));
  },
};
