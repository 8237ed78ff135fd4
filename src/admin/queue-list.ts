import type { Installation, OperatedStore } from '../channels/installation.ts';
import { LISTED_STATES, type ListedState } from '../jobs/channel-queue.ts';
import type { Entry } from '../jobs/envelope.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';
import { readStored } from './read-stored.ts';

/** Lists the messages in the queues, in the order in which workers pick them up. */

export interface ListedJob {
  channel: string;
  jobId: string;
  state: ListedState;
  /** Milliseconds since the epoch, as the due time of a delayed job. */
  enqueuedAt: number;
  dueAt: number | null;
  /** The number of times that workers picked it up. */
  pickups: number;
  /** The message's id; null if it cannot be parsed. */
  id: string | null;
  to: unknown;
  /** Why this version cannot parse it. */
  problem: string | null;
}

export interface QueueSelection {
  channels?: readonly string[] | undefined;
  states?: readonly ListedState[] | undefined;
  /** At most this many of each channel and state. */
  limit: number;
}

export async function* listQueue(
  installation: Installation,
  { channels, states = LISTED_STATES, limit }: QueueSelection,
): AsyncGenerator<ListedJob, void, undefined> {
  for (const channel of installation.channels) {
    if (channels && !channels.includes(channel.name)) continue;
    for (const state of states) yield* merged(channel.stores, state, limit);
  }
}

/** Over shards what is due first comes first, and otherwise what was enqueued first. */
async function* merged(
  stores: readonly OperatedStore[],
  state: ListedState,
  limit: number,
): AsyncGenerator<ListedJob, void, undefined> {
  if (stores.length === 1) return yield* listState(stores[0]!, state, limit);
  const all: ListedJob[] = [];
  for (const store of stores) for await (const job of listState(store, state, limit)) all.push(job);
  const at = ({ dueAt, enqueuedAt }: ListedJob): number => dueAt ?? enqueuedAt;
  yield* all.sort((a, b) => at(a) - at(b)).slice(0, limit);
}

const PAGE = 200;

async function* listState(
  channel: OperatedStore,
  state: ListedState,
  limit: number,
): AsyncGenerator<ListedJob, void, undefined> {
  const { queue } = channel;
  const found = await queue.first(state, limit);
  let left = limit;
  for (let from = 0; from < found.length; from += PAGE) {
    const page = found.slice(from, from + PAGE);
    const jobs = await queue.read(page.map(({ id }) => id));
    // A job that a worker finished meanwhile no longer waits.
    for (const [i, job] of jobs.entries()) {
      if (!job) continue;
      const messages = (await listed(channel, state, job, page[i]!.dueAt)).slice(0, left);
      yield* messages;
      left -= messages.length;
      if (left === 0) return;
    }
  }
}

/** One entry for each message of the job. */
async function listed(
  channel: OperatedStore,
  state: ListedState,
  job: StoredJob,
  dueAt: number | null,
): Promise<ListedJob[]> {
  const common = {
    channel: channel.name,
    jobId: job.id,
    state,
    enqueuedAt: job.timestamp,
    dueAt,
    pickups: job.pickups,
  };
  const entries = await readStored(job, channel);
  if (entries.length > 0) return entries.map((entry) => ({ ...common, ...describe(entry) }));
  const problem = `platform ${channel.platform} is unknown to this version`;
  return [{ ...common, id: null, to: null, problem }];
}

function describe(entry: Entry): Pick<ListedJob, 'id' | 'to' | 'problem'> {
  switch (entry.kind) {
    case 'delivery':
      return { id: entry.delivery.ref.id, to: entry.delivery.message.to, problem: null };
    case 'newer':
      return { id: null, to: null, problem: `version ${entry.v} is newer than this Herald supports` };
    case 'invalid':
      return { id: entry.ref.id, to: null, problem: entry.problem };
  }
}
