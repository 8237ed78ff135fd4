import { explainMessage } from '../ledger/lookups.ts';
import { campaignOfMessage, mayBeJob, messageKey, WITHDRAWN } from '../ledger/names.ts';
import { decodeFinal } from '../ledger/reasons.ts';
import { loadScript } from '../ledger/script.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { MAX_OFFSET_MS } from '../redis/store-clock.ts';
import { originalJobId } from './job-ids.ts';

/** Cancels and reschedules messages by their ids. Every call is safe to repeat when its answer was lost. */

/** `too_late`: a send of it is in flight or in doubt, or it is final. `unknown`: it has no record. */
export type TooLate = 'too_late' | 'unknown';

export type Rescheduling =
  | { status: 'rescheduled' | TooLate }
  /** The message would have expired by then: milliseconds since the epoch. */
  | { status: 'expires'; at: number }
  /** It was put off until then, and its job was added by another producer: it cannot be found to be brought forward. */
  | { status: 'fixed'; at: number };

const cancelScript = loadScript('cancel.lua');
const rescheduleScript = loadScript('reschedule.lua');
const delayedJobsScript = loadScript('delayed-jobs.lua');
const bringForwardScript = loadScript('bring-forward.lua');

/** How many job ids are read in one script call. */
const PAGE = 10_000;

/** Ends it as suppressed, `cancelled`, unless it is too late. Its job stays where it is, and meets the record. */
export async function cancelMessage(
  store: Pick<ChannelStore, 'run'>,
  id: string,
): Promise<'cancelled' | TooLate> {
  const request = JSON.stringify({ m: messageKey(id), id, campaign: campaignOfMessage(id) });
  return (await store.run(cancelScript, [request])) as 'cancelled' | TooLate;
}

/**
 * Sets the instant before which it is not sent. The record decides; its job is only brought forward, where it would be picked
 * up later than that.
 * @param at milliseconds since the epoch; one that is past stands for at once
 */
export async function rescheduleMessage(
  store: Pick<ChannelStore, 'run'>,
  id: string,
  at: number,
): Promise<Rescheduling> {
  // 0 stands for none.
  const due = Math.max(1, Math.ceil(at));
  const request = JSON.stringify({ m: messageKey(id), at: due });
  const [status, value] = (await store.run(rescheduleScript, [request])) as Reply;
  if (status === 'expires' || status === 'fixed') return { status, at: Number(value) };
  const job = String(value);
  // A job of many comes forward as a whole. Those of its messages whose time has not come then leave it, each for a job of its own.
  if (status === 'rescheduled' && value)
    await bringForward(store, due, (id) => mayBeJob(originalJobId(id), job));
  return { status };
}

/**
 * Whether a message is a channel's home's to control, which deals out what it has to the shards: it is over there, or waits there for
 * so long that nobody deals it out meanwhile.
 */
export async function isHeldAtHome(home: Pick<ChannelStore, 'run'>, id: string): Promise<boolean> {
  const { now, record } = await explainMessage(home, { key: messageKey(id) });
  if (!record) return false;
  if (decodeFinal(String(record['state']), Number(record['reason'] ?? 0))) return true;
  const job = String(record['job']);
  for await (const ids of delayedJobs(home, now + DEALT_WITHIN_MS))
    if (ids.some((jobId) => mayBeJob(originalJobId(jobId), job))) return true;
  return false;
}

/** Whether it may be a message of a campaign that a channel's home has listed, and has not sent. What has a record of its own there is not. */
export async function mayBeListedAtHome(home: Pick<ChannelStore, 'run'>, id: string): Promise<boolean> {
  if (campaignOfMessage(id) === undefined) return false;
  const { record } = await explainMessage(home, { key: messageKey(id) });
  return !record || record['job'] === WITHDRAWN;
}

/** A worker's clock may be ahead of the store's, and a call takes its time. */
const DEALT_WITHIN_MS = MAX_OFFSET_MS + 5_000;

/** Pages of the ids of all jobs that are delayed beyond an instant; tolerates what is moved, added or becomes due meanwhile. */
async function* delayedJobs(store: Pick<ChannelStore, 'run'>, due: number): AsyncGenerator<string[]> {
  const request = JSON.stringify({ due, count: PAGE });
  let last: string[] = [];
  for (;;) {
    const [ids, ...end] = (await store.run(delayedJobsScript, [request, ...last])) as [string[], ...string[]];
    yield ids;
    if (ids.length < PAGE) return;
    last = end;
  }
}

type Reply = [status: Rescheduling['status'], value?: string | number];

/**
 * Makes jobs that are delayed beyond an instant due at that instant.
 * @param due whole milliseconds since the epoch, more than 0
 * @param chosen which jobs, by their ids
 */
export async function bringForward(
  store: Pick<ChannelStore, 'run'>,
  due: number,
  chosen: (jobId: string) => boolean,
): Promise<void> {
  for await (const ids of delayedJobs(store, due)) {
    const found = ids.filter(chosen);
    if (found.length > 0) await store.run(bringForwardScript, [JSON.stringify({ due, ids: found })]);
  }
}
