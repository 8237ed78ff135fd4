import type { AnyMessage } from '../message/schema.ts';
import type { Installation, OperatedChannel } from './installation.ts';
import { readJobs, readStored, type StoredJob } from './read-stored.ts';

/** What waits in the queues, in the order in which workers will take it. */

export const LISTED_STATES = ['active', 'ready', 'delayed'] as const;
export type ListedState = (typeof LISTED_STATES)[number];

export interface ListedJob {
  channel: string;
  jobId: string;
  state: ListedState;
  /** Milliseconds since the epoch, as the due time of a delayed job. */
  enqueuedAt: number;
  dueAt: number | null;
  /** How often workers took it up. */
  pickups: number;
  /** The message's own name; null where it cannot be read. */
  id: string | null;
  to: unknown;
  /** Why it is none that this version reads. */
  problem: string | null;
}

export interface QueueSelection {
  channels?: readonly string[] | undefined;
  states?: readonly ListedState[] | undefined;
  /** At most so many of each channel and state. */
  limit: number;
}

export async function* listQueue(
  installation: Installation,
  { channels, states = LISTED_STATES, limit }: QueueSelection,
): AsyncGenerator<ListedJob, void, undefined> {
  for (const channel of installation.channels) {
    if (channels && !channels.includes(channel.name)) continue;
    for (const state of states) yield* listState(installation, channel, state, limit);
  }
}

const PAGE = 200;

async function* listState(
  { redis }: Installation,
  channel: OperatedChannel,
  state: ListedState,
  limit: number,
): AsyncGenerator<ListedJob, void, undefined> {
  const found = await READERS[state](redis, channel.queue, limit);
  for (let from = 0; from < found.length; from += PAGE) {
    const page = found.slice(from, from + PAGE);
    const jobs = await readJobs(
      redis,
      channel,
      page.map(({ id }) => id),
    );
    // A job that a worker ended meanwhile waits no more.
    for (const [i, job] of jobs.entries()) if (job) yield listed(channel, state, job, page[i]!.dueAt);
  }
}

interface Found {
  id: string;
  dueAt: number | null;
}

type Reader = (
  redis: Installation['redis'],
  queue: OperatedChannel['queue'],
  limit: number,
) => Promise<Found[]>;

const plain = (id: string): Found => ({ id, dueAt: null });

/** BullMQ keeps a delayed job's moment in the upper bits of its score, a counter in the lower twelve. */
export const DELAYED_SCORE_UNIT = 0x1000;

const READERS: Record<ListedState, Reader> = {
  active: async (redis, queue, limit) =>
    (await redis.lrange(queue.toKey('active'), -limit, -1)).toReversed().map(plain),
  async ready(redis, queue, limit) {
    const first = (await redis.lrange(queue.toKey('wait'), -limit, -1)).toReversed();
    const left = limit - first.length;
    const then = left > 0 ? await redis.zrange(queue.toKey('prioritized'), '0', String(left - 1)) : [];
    return [...first, ...then].map(plain);
  },
  async delayed(redis, queue, limit) {
    const answer = await redis.zrange(queue.toKey('delayed'), '0', String(limit - 1), 'WITHSCORES');
    return Array.from({ length: answer.length / 2 }, (_, i) => ({
      id: answer[2 * i]!,
      dueAt: Math.floor(Number(answer[2 * i + 1]) / DELAYED_SCORE_UNIT),
    }));
  },
};

function listed(
  channel: OperatedChannel,
  state: ListedState,
  job: StoredJob,
  dueAt: number | null,
): ListedJob {
  const common = {
    channel: channel.name,
    jobId: job.id,
    state,
    enqueuedAt: job.timestamp,
    dueAt,
    pickups: job.starts,
  };
  const read = readStored(job, channel);
  if (read?.kind === 'delivery') {
    const { to }: AnyMessage = read.delivery.message;
    return { ...common, id: read.delivery.ref.id, to, problem: null };
  }
  const problem = !read
    ? `platform ${channel.platform} is not known to this version`
    : read.kind === 'newer'
      ? `version ${read.v} is newer than what this Herald reads`
      : read.problem;
  return { ...common, id: read?.kind === 'invalid' ? read.ref.id : null, to: null, problem };
}
