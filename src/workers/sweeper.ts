import { campaignOf, type FindCampaign } from '../jobs/campaign-content.ts';
import type { ChannelQueue } from '../jobs/channel-queue.ts';
import { type Entry, letterOf } from '../jobs/envelope.ts';
import { leaveFailedJob } from '../jobs/leave.ts';
import { readEntries } from '../jobs/read-envelope.ts';
import type { ReadContext } from '../jobs/read-message.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { newNonce } from '../ledger/names.ts';
import type { Settled } from '../ledger/types.ts';
import type { DeliveryObserver } from '../observe/observer.ts';
import type { DeadReason } from '../outcome.ts';
import type { ChannelStore } from '../redis/channel-store.ts';

/**
 * Settles jobs in the queue's failed set, which Herald itself does not use: jobs that BullMQ failed without calling the
 * pipeline (rule 9), and the dead letters of an older version, which kept them there. Each becomes a dead letter, or is
 * removed if its message already has another final state, so that no run ends without one.
 */
export interface SweeperDeps extends ReadContext {
  campaigns: FindCampaign;
  queue: ChannelQueue;
  store: ChannelStore;
  ledger: Ledger;
  observer: DeliveryObserver;
}

const PAGE = 100;
/** Shorter than the sweep interval of a worker (15 s). */
const SWEEP_EVERY_MS = 12_000;

/** Whether it is this worker's turn to sweep, for all workers of the channel; the next turn is after twelve seconds. */
export const takesSweepTurn = async ({ redis, keys }: ChannelStore): Promise<boolean> =>
  (await redis.set(keys.sweeping, '1', 'PX', SWEEP_EVERY_MS, 'NX')) === 'OK';

/** @returns the number of runs that ended by it */
export async function sweep(deps: SweeperDeps): Promise<number> {
  let settled = 0;
  let left = 0;
  for (;;) {
    const jobs = await deps.queue.failed(left, PAGE);
    if (jobs.length === 0) return settled;
    const statuses = await Promise.all(jobs.map((job) => settleFailedJob(job, deps)));
    settled += statuses.filter((status) => status === 'first').length;
    left += statuses.filter((status) => status === 'stale').length;
  }
}

type Readable = Exclude<Entry, { kind: 'newer' }>;

/** `stale`: it stays, because a send of it is in flight or a newer worker has to read it. */
async function settleFailedJob(job: StoredJob, deps: SweeperDeps): Promise<Settled['status']> {
  const named = campaignOf(job);
  const campaign = named === undefined ? undefined : await deps.campaigns(named);
  const entries = readEntries(job, deps, campaign);
  if (entries.length > 1) return await leaveAll(job, entries, deps);
  const [read] = entries;
  if (read.kind === 'newer') return 'stale';
  if (read.kind === 'invalid') return await settle(job, read, 'invalid_message', deps);
  const status = await settle(job, read, 'stalled', deps);
  // A send of it is in doubt, or still in flight; in the latter case this changes nothing either.
  return status === 'stale' ? await settle(job, read, 'unconfirmed', deps) : status;
}

/** Gives each message of a job of many a job of its own, so that it is delivered after all. */
async function leaveAll(
  job: StoredJob,
  entries: readonly Entry[],
  { store }: SweeperDeps,
): Promise<Settled['status']> {
  await leaveFailedJob(store, job.id, entries);
  return 'open';
}

async function settle(
  job: StoredJob,
  read: Readable,
  reason: DeadReason,
  { ledger, observer }: SweeperDeps,
): Promise<Settled['status']> {
  const { ledger: message, ref, source } = read.kind === 'invalid' ? read : read.delivery;
  const detail = detailOf(job.failedReason);
  const final = { state: 'dead', reason } as const;
  const letter = letterOf(source, detail);
  const settled = await ledger.settle({
    message,
    nonce: newNonce(),
    effect: 'none',
    final,
    letter,
    failedJob: job.id,
  });
  if (settled.status === 'first') {
    const { run, attempts } = settled;
    const latencyMs = Math.max(0, (job.finishedOn ?? job.timestamp) - job.timestamp) || 0;
    observer.finished({ message: ref, run, attempts, final, detail, latencyMs });
  }
  return settled.status;
}

const REASON_PREFIX = /^[a-z_]+: /;

/** Older versions wrote `<reason>: <detail>`; BullMQ's own texts are kept unchanged. */
const detailOf = (failedReason: string | undefined): string =>
  failedReason?.replace(REASON_PREFIX, '') || 'the queue failed the job';
