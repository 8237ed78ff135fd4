import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OperatedStore } from '../../channels/installation.ts';
import { LISTED_STATES, type ListedJob } from '../../jobs/channel-queue.ts';
import type { Entry } from '../../jobs/envelope.ts';
import { CAMPAIGN_JOB, isOfCampaign, originalJobId } from '../../jobs/job-ids.ts';
import type { StoredJob } from '../../jobs/stored-jobs.ts';
import { explainMessage } from '../../ledger/lookups.ts';
import { campaignOfMessage, mayBeJob, messageKey, namesJob } from '../../ledger/names.ts';
import { readStored } from '../read-stored.ts';
import type { ExplainedSlot } from './explained-ledger.ts';
import { findReceipts } from './receipts-of.ts';

/** How many jobs of each state are compared by id. */
const COMPARED = 10_000;
/** How many jobs of each state are read if no record names the job. */
const READ = 500;
/** How many are read at a time: each takes up to 1 MiB. */
const PAGE = 20;

export interface Sought {
  /** Of the message's record. */
  key: string;
  /** The message's, or its job's; absent if only its hash is known. */
  id?: string | undefined;
  /** Whether to read the first few hundred jobs where there is no record: a message may have been enqueued without one. */
  unrecorded: boolean;
}

/**
 * Finds the job of a message, even one that this version cannot parse. The record usually has the job's hashed name, so this compares the
 * ids of the first jobs of each state, and reads jobs only where the record has none.
 */
export async function findLiveJob(
  channel: OperatedStore,
  sought: Sought,
): Promise<{ job: StoredJob; id: string } | undefined> {
  const { queue, store } = channel;
  const { record } = await explainMessage(store, { key: sought.key });
  if (!record && !sought.unrecorded) return undefined;
  const listed = await Promise.all(LISTED_STATES.map((state) => queue.first(state, COMPARED)));
  if (record && namesJob(record['job'])) {
    const recorded = String(record['job']);
    const named = listed.flat().filter(({ id }) => mayBeJob(originalJobId(id), recorded));
    return await findIn(channel, sought, named);
  }
  const first = listed.flatMap((jobs) => jobs.slice(0, READ));
  return await findIn(channel, sought, first);
}

async function findIn(
  channel: OperatedStore,
  { key, id: sought }: Sought,
  jobs: readonly ListedJob[],
): Promise<{ job: StoredJob; id: string } | undefined> {
  for (let from = 0; from < jobs.length; from += PAGE) {
    const page = jobs.slice(from, from + PAGE).map(({ id }) => id);
    for (const job of await channel.queue.read(page)) {
      if (!job || (sought !== undefined && !mayHave(job, sought))) continue;
      // Reading a job of many takes some milliseconds, and this process may be a worker.
      await nextTurn();
      const ids = (await readStored(job, channel)).map((entry) => nameOf(job, entry));
      const id = ids.find((name) => name !== undefined && messageKey(name) === key);
      if (id !== undefined) return { job, id };
    }
  }
  return undefined;
}

/** Which no JSON escapes, whoever wrote it. */
const PLAIN_ID = /^[\w.:@-]+$/;

/** Whether a job may have the message of this id: most have not, and tell it by their texts. */
function mayHave({ id: jobId, name, text }: StoredJob, id: string): boolean {
  if (!PLAIN_ID.test(id) || id.startsWith(originalJobId(jobId)) || text.includes(id)) return true;
  const campaign = name === CAMPAIGN_JOB ? campaignOfMessage(id) : undefined;
  return campaign !== undefined && isOfCampaign(jobId, campaign);
}

/** The id of an entry. A newer version may have other rules for ids; its field `id` is the one that its producer knows. */
function nameOf(job: StoredJob, entry: Entry): string | undefined {
  if (entry.kind === 'delivery') return entry.delivery.ref.id;
  if (entry.kind === 'invalid') return entry.ref.id;
  const { id } = Object(JSON.parse(job.text)) as { id?: unknown };
  return typeof id === 'string' ? id : undefined;
}

/**
 * Finds the id of a slot's owner. The slot has only its hash, so this works until the owner ends, or while its receipt is kept.
 * @param id the message to which the slot's `own` refers
 */
export async function nameOwner(
  channel: OperatedStore,
  slot: ExplainedSlot | null,
  id?: string,
): Promise<(ExplainedSlot & { ownerId: string | null }) | null> {
  if (!slot) return null;
  if (slot.own && id !== undefined) return { ...slot, ownerId: id };
  const live = await findLiveJob(channel, { key: slot.owner, unrecorded: true });
  if (live) return { ...slot, ownerId: live.id };
  const { receipts } = await findReceipts(
    channel.store,
    (candidate) => messageKey(candidate) === slot.owner,
    () => true,
  );
  return { ...slot, ownerId: receipts[0]?.id ?? null };
}
