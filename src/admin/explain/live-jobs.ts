import type { OperatedStore } from '../../channels/installation.ts';
import { LISTED_STATES, type ListedJob } from '../../jobs/channel-queue.ts';
import type { Entry } from '../../jobs/envelope.ts';
import { originalJobId } from '../../jobs/job-ids.ts';
import type { StoredJob } from '../../jobs/stored-jobs.ts';
import { explainMessage } from '../../ledger/lookups.ts';
import { mayBeJob, messageKey } from '../../ledger/names.ts';
import { readStored } from '../read-stored.ts';
import type { ExplainedSlot } from './explained-ledger.ts';
import { findReceipts } from './receipts-of.ts';

/** How many jobs of each state are compared by id. */
const COMPARED = 10_000;
/** How many jobs of each state are read if the record does not name the job. */
const READ = 500;

/**
 * Finds the job of a message that has not ended, by the message's record key; even one that this version cannot parse. The record
 * usually has the job's hashed name, so this compares the ids of the first jobs of each state, and otherwise reads the first few
 * hundred of them.
 */
export async function findLiveJob(
  channel: OperatedStore,
  key: string,
): Promise<{ job: StoredJob; id: string } | undefined> {
  const { queue, store, playTtlMs } = channel;
  const { record } = await explainMessage(store, { key, recipient: undefined, playTtlMs });
  const listed = await Promise.all(LISTED_STATES.map((state) => queue.first(state, COMPARED)));
  const named = listed.flat().filter(({ id }) => mayBeJob(originalJobId(id), String(record?.['job'])));
  const first = listed.flatMap((jobs) => jobs.slice(0, READ));
  return (await findIn(channel, key, named)) ?? (await findIn(channel, key, first));
}

async function findIn(
  channel: OperatedStore,
  key: string,
  jobs: readonly ListedJob[],
): Promise<{ job: StoredJob; id: string } | undefined> {
  for (const job of await channel.queue.read(jobs.map(({ id }) => id))) {
    if (!job) continue;
    const ids = (await readStored(job, channel)).map((entry) => nameOf(job, entry));
    const id = ids.find((name) => name !== undefined && messageKey(name) === key);
    if (id !== undefined) return { job, id };
  }
  return undefined;
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
  const live = await findLiveJob(channel, slot.owner);
  if (live) return { ...slot, ownerId: live.id };
  const { receipts } = await findReceipts(
    channel.store,
    (candidate) => messageKey(candidate) === slot.owner,
    () => true,
  );
  return { ...slot, ownerId: receipts[0]?.id ?? null };
}
