import { aliveWorkers } from '../../channels/heartbeats.ts';
import { type Installation, type OperatedStore, storesOf } from '../../channels/installation.ts';
import type { DeadLetterRecord } from '../../dead-letters/records.ts';
import type { Delivery } from '../../jobs/envelope.ts';
import type { StoredJob } from '../../jobs/stored-jobs.ts';
import { readChannelState } from '../../ledger/channel-state.ts';
import { explainMessage } from '../../ledger/lookups.ts';
import type { AnyMessage } from '../../message/schema.ts';
import { readStored } from '../read-stored.ts';
import { holdOf } from '../status.ts';
import { explainContent } from './explained-content.ts';
import {
  type ExplainedRecord,
  explainPlay,
  explainRecord,
  explainSlot,
  rescheduledTo,
} from './explained-ledger.ts';
import type {
  ExplainedDeadLetter,
  ExplainedJob,
  ExplainedMessage,
  Explanation,
  Facts,
} from './explanation.ts';
import { nameOwner } from './live-jobs.ts';
import { locateMessage } from './locate-message.ts';
import { type Prediction, predict, toPredict } from './prediction.ts';
import { findReceipts } from './receipts-of.ts';
import { timelineOf } from './timeline.ts';

export interface ExplainOptions {
  /** Only in this channel. */
  channel?: string | undefined;
  /** Whether to include what it will say, which is confidential; otherwise `content` is null. */
  content?: boolean | undefined;
}

/** Explains the message in every channel that has it; empty if none does. */
export async function explain(
  installation: Installation,
  id: string,
  { channel: only, content = false }: ExplainOptions = {},
): Promise<Explanation[]> {
  const stores = storesOf(installation, only === undefined ? undefined : [only]);
  const explained = async (byReceipts: boolean): Promise<Explanation[]> =>
    withoutHomeCopies(
      await Promise.all(
        stores.map(async (store) => ({ store, of: await explainIn(store, id, { byReceipts, content }) })),
      ),
    );
  const known = await explained(false);
  // Receipts outlive jobs and records; finding one requires reading the stream.
  return known.length > 0 ? known : await explained(true);
}

interface Explained {
  store: OperatedStore;
  of: Explanation | undefined;
}

/** Leaves out what a channel's home still knows of a message that a shard has: the shard knows more. */
function withoutHomeCopies(all: readonly Explained[]): Explanation[] {
  const inShards = new Set(
    all.filter(({ store, of }) => of && store.store.name !== store.name).map(({ store }) => store.name),
  );
  return all.flatMap(({ store, of }) =>
    of && !(store.store.name === store.name && inShards.has(store.name)) ? [of] : [],
  );
}

async function explainIn(
  channel: OperatedStore,
  asked: string,
  { byReceipts, content }: { byReceipts: boolean; content: boolean },
): Promise<Explanation | undefined> {
  const located = await locateMessage(channel, asked);
  const { job, letter, delivery, id } = located;
  const entry = await explainMessage(channel.store, {
    key: located.key,
    recipient: delivery?.ledger.recipient,
    playTtlMs: channel.playTtlMs,
  });
  if (!job && !letter && !entry.record && !byReceipts) return undefined;
  const { receipts, complete } = await findReceipts(
    channel.store,
    (candidate) => candidate === id,
    ({ run }) => run === 1,
  );
  if (!job && !letter && !entry.record && receipts.length === 0) return undefined;
  const state = await readChannelState(channel.store);
  const explained = job ? await explainJob(channel, job) : null;
  const record = explainRecord(entry.record);
  const facts: Facts = {
    channel: channel.name,
    id,
    now: entry.now,
    job: explained,
    letter: letter ? explainDeadLetter(letter) : null,
    message: delivery ? explainDelivery(delivery) : null,
    content: content && job && delivery ? explainContent(delivery, channel) : null,
    campaign: delivery?.ref.campaign ?? receipts.findLast((each) => each.campaign)?.campaign ?? null,
    record,
    slot: await nameOwner(channel, explainSlot(entry.slot), id),
    play: explainPlay(entry.play),
    predicted:
      job && delivery
        ? await predictPickup(channel, delivery, { record, job: explained, now: entry.now })
        : null,
    receipts,
    receiptsComplete: complete,
    stopped: holdOf(state, await channel.queue.isPaused()),
    resting: state.resting,
    workers: (await aliveWorkers(channel.home)).length,
  };
  return { ...facts, timeline: timelineOf(facts) };
}

async function predictPickup(
  channel: OperatedStore,
  delivery: Delivery,
  { record, job, now }: Pick<Facts, 'record' | 'job' | 'now'>,
): Promise<Prediction | null> {
  const at = nextPickup(now, job, sendAtOf(record, delivery));
  return (await predict(channel, toPredict(delivery), at)) ?? null;
}

/** When a worker picks up the job next, unless the channel is stopped or resting. */
const nextPickup = (now: number, job: ExplainedJob | null, sendAt: number): number =>
  Math.max(now, job?.dueAt ?? 0, sendAt);

const sendAtOf = (record: ExplainedRecord | null, { ledger }: Delivery): number =>
  rescheduledTo(record) ?? ledger.sendAt ?? 0;

const explainDeadLetter = ({
  reason,
  detail,
  run,
  attempts,
  diedAt,
  enqueuedAt,
  size,
}: DeadLetterRecord): ExplainedDeadLetter => ({
  reason,
  detail,
  run,
  attempts,
  at: diedAt,
  enqueuedAt: Number.isFinite(Number(enqueuedAt)) ? Number(enqueuedAt) : null,
  cut: size !== undefined,
});

async function explainJob(channel: OperatedStore, job: StoredJob): Promise<ExplainedJob> {
  const [read] = await readStored(job, channel);
  return {
    id: job.id,
    ...(await channel.queue.stateOf(job.id)),
    enqueuedAt: job.timestamp,
    pickups: job.pickups,
    failedReason: job.failedReason ?? null,
    newerVersion: read?.kind === 'newer' ? read.v : null,
  };
}

function explainDelivery({ message, ledger, expiresAt }: Delivery): ExplainedMessage {
  const { to, onQuota = 'drop' }: AnyMessage = message;
  return { to, onQuota, expiresAt, sendAt: ledger.sendAt ?? null };
}
