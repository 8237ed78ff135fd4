import { LISTED_STATES, type ListedState } from '../jobs/channel-queue.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';
import type { AnyMessage } from '../message/schema.ts';
import type { Installation, OperatedChannel } from './installation.ts';
import { readStored } from './read-stored.ts';

/** What waits in the queues, in the order in which workers will take it. */

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
    for (const state of states) yield* listState(channel, state, limit);
  }
}

const PAGE = 200;

async function* listState(
  channel: OperatedChannel,
  state: ListedState,
  limit: number,
): AsyncGenerator<ListedJob, void, undefined> {
  const { queue } = channel;
  const found = await queue.first(state, limit);
  for (let from = 0; from < found.length; from += PAGE) {
    const page = found.slice(from, from + PAGE);
    const jobs = await queue.read(page.map(({ id }) => id));
    // A job that a worker ended meanwhile waits no more.
    for (const [i, job] of jobs.entries()) if (job) yield listed(channel, state, job, page[i]!.dueAt);
  }
}

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
