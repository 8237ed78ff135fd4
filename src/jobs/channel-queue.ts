import type { JobState as BullState, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ChannelStore } from '../redis/channel-store.ts';
import { LAST_INSTANT } from '../time.ts';
import { openQueue } from './open-queue.ts';
import { readStoredJobs, type StoredJob } from './stored-jobs.ts';

/**
 * The queue of one channel: inspects its jobs, and resumes it as a whole. Only this folder knows how BullMQ stores jobs in
 * Redis. Times are in milliseconds since the epoch.
 */
export interface ChannelQueue {
  /** Counts the jobs by state. @param now decides which delayed jobs are overdue */
  counts(now: number): Promise<QueueCounts>;
  /** Reads the job that a worker has had for the longest time; none if no worker has any. */
  longestActive(): Promise<StoredJob | undefined>;
  /** Lists the first jobs of a state, in the order in which workers pick them up. @param skip how many of them not */
  first(state: ListedState, limit: number, skip?: number): Promise<ListedJob[]>;
  /** Reads jobs by id, in order; undefined for an id without a job. */
  read(ids: readonly string[]): Promise<(StoredJob | undefined)[]>;
  /** Finds a job by any text that may be its id; checks that the key of that name is a job. */
  find(id: string): Promise<StoredJob | undefined>;
  /** The state of the job, and its due time if it is delayed. */
  stateOf(id: string): Promise<{ state: JobState; dueAt: number | null }>;
  /** Lists the failed jobs, oldest first; removes entries of the failed set whose job no longer exists. */
  failed(skip: number, limit: number): Promise<StoredJob[]>;
  /** Whether it is paused in BullMQ, for example from a dashboard. */
  isPaused(): Promise<boolean>;
  /** Ends a pause in BullMQ, and a rest. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

export interface QueueCounts {
  /** Jobs that the next free worker picks up. */
  ready: number;
  active: number;
  delayed: number;
  /** Delayed jobs that are due. */
  overdue: number;
  failed: number;
  paused: boolean;
  /** Whether it is rate limited for a rest, so that workers pick up nothing. */
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

/** Opens the queue for inspection: only `resume`, and `failed` as documented, write to it. */
export const openChannelQueue = ({ redis, name }: ChannelStore): ChannelQueue =>
  channelQueue(openQueue(redis, name), redis);

export function channelQueue(queue: Queue, redis: Redis): ChannelQueue {
  const read = (ids: readonly string[]): Promise<(StoredJob | undefined)[]> =>
    readStoredJobs(redis, queue, ids);

  return {
    counts: (now) => readCounts(queue, redis, now),
    async longestActive() {
      const id = await redis.lindex(queue.toKey('active'), -1);
      return id === null ? undefined : (await read([id]))[0];
    },
    first: (state, limit, skip = 0) => READERS[state](queue, redis, { limit, skip }),
    read,
    async find(id) {
      if ((await redis.type(queue.toKey(id))) !== 'hash') return undefined;
      return (await read([id]))[0];
    },
    async stateOf(id) {
      const score = await redis.zscore(queue.toKey('delayed'), id);
      return {
        state: await queue.getJobState(id),
        dueAt: score === null ? null : dueAtOf(score),
      };
    },
    async failed(skip, limit) {
      const key = queue.toKey('failed');
      for (;;) {
        const ids = await redis.zrange(key, String(skip), String(skip + limit - 1));
        const jobs = await read(ids);
        const vanished = ids.filter((_, i) => jobs[i] === undefined);
        if (vanished.length > 0) await redis.zrem(key, ...vanished);
        // If none of a page is left, that is not yet the end of the list.
        if (vanished.length < ids.length || ids.length === 0) return jobs.filter((job) => job !== undefined);
      }
    },
    isPaused: () => queue.isPaused(),
    async resume() {
      if (await queue.isPaused()) await queue.resume();
      await queue.removeRateLimitKey();
    },
    close: () => queue.close(),
  };
}

async function readCounts(queue: Queue, redis: Redis, now: number): Promise<QueueCounts> {
  const [counts, overdue, restMs, paused] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
    queue.getDelayedCount(now),
    queue.getRateLimitTtl(),
    queue.isPaused(),
  ]);
  // A dashboard of BullMQ 5 moves waiting jobs to a separate list when it pauses a queue; later versions do not.
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

interface Page {
  limit: number;
  skip: number;
}

type Reader = (queue: Queue, redis: Redis, page: Page) => Promise<ListedJob[]>;

const undelayed = (id: string): ListedJob => ({ id, dueAt: null });

/**
 * BullMQ stores the due time of a delayed job in the upper bits of its score, and a counter in the lower twelve. A foreign
 * producer's may lie behind all instants.
 */
const dueAtOf = (score: string): number => Math.min(Math.floor(Number(score) / 0x1000), LAST_INSTANT);

/** BullMQ picks up jobs from the right end of lists and from the lowest scores of sorted sets. */
const READERS: Record<ListedState, Reader> = {
  active: async (queue, redis, page) => (await fromRight(redis, queue.toKey('active'), page)).map(undelayed),
  async ready(queue, redis, { limit, skip }) {
    const first = await fromRight(redis, queue.toKey('wait'), { limit, skip });
    const left = limit - first.length;
    if (left === 0) return first.map(undelayed);
    const from = skip === 0 ? 0 : Math.max(0, skip - (await redis.llen(queue.toKey('wait'))));
    const then = await redis.zrange(queue.toKey('prioritized'), String(from), String(from + left - 1));
    return [...first, ...then].map(undelayed);
  },
  delayed: async (queue, redis, { limit, skip }) => {
    const [from, to] = [String(skip), String(skip + limit - 1)];
    const answer = await redis.zrange(queue.toKey('delayed'), from, to, 'WITHSCORES');
    return Array.from({ length: answer.length / 2 }, (_, i) => ({
      id: answer[2 * i]!,
      dueAt: dueAtOf(answer[2 * i + 1]!),
    }));
  },
};

const fromRight = async (redis: Redis, key: string, { limit, skip }: Page): Promise<string[]> =>
  (await redis.lrange(key, -(skip + limit), -(skip + 1))).toReversed();
