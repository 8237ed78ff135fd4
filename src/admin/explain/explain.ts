import { aliveWorkers } from '../../channels/heartbeats.ts';
import { type Installation, type OperatedStore, storesOf } from '../../channels/installation.ts';
import type { DeadLetterRecord } from '../../dead-letters/records.ts';
import type { Delivery } from '../../jobs/envelope.ts';
import type { StoredJob } from '../../jobs/stored-jobs.ts';
import { readChannelState } from '../../ledger/channel-state.ts';
import { explainMessage, type LedgerEntry } from '../../ledger/lookups.ts';
import type { AnyMessage } from '../../message/schema.ts';
import { isInstant } from '../../time.ts';
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
import { type LocatedMessage, locateMessage } from './locate-message.ts';
import { type Prediction, predict, toPredict } from './prediction.ts';
import { findReceipts, type ReceiptsOf } from './receipts-of.ts';
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
  const lookUp = (unrecorded: boolean): Promise<LookedUp[]> =>
    Promise.all(stores.map((store) => lookUpIn(store, id, unrecorded)));
  const known = (await lookUp(false)).filter(isKnown);
  // What was enqueued without a record is found by reading jobs.
  const all = known.length > 0 ? known : await lookUp(true);
  const found = all.filter(isKnown);
  // Receipts outlive jobs and records; finding one requires reading the stream.
  const told = found.length > 0 ? found : all;
  return withoutHomeCopies(
    await Promise.all(
      told.map(async (each) => ({ store: each.channel, of: await explainIn(each, content) })),
    ),
  );
}

interface LookedUp {
  channel: OperatedStore;
  located: LocatedMessage;
  entry: LedgerEntry;
}

async function lookUpIn(channel: OperatedStore, asked: string, unrecorded: boolean): Promise<LookedUp> {
  const located = await locateMessage(channel, asked, unrecorded);
  const entry = await explainMessage(channel.store, {
    key: located.key,
    recipient: located.delivery?.ledger.recipient,
    playTtlMs: channel.playTtlMs,
  });
  return { channel, located, entry };
}

const isKnown = ({ located: { job, letter }, entry }: LookedUp): boolean =>
  job !== undefined || letter !== undefined || entry.record !== null;

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

async function explainIn(lookedUp: LookedUp, content: boolean): Promise<Explanation | undefined> {
  const { channel, located, entry } = lookedUp;
  const { job, letter, delivery, id } = located;
  const record = explainRecord(entry.record);
  const { receipts, complete } = isInFirstRun(record) ? NO_RECEIPTS : await receiptsOf(channel, id);
  if (!isKnown(lookedUp) && receipts.length === 0) return undefined;
  const state = await readChannelState(channel.store);
  const explained = job ? await explainJob(channel, job) : null;
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

/** No run of it has ended, so that it has no receipt. */
const isInFirstRun = (record: ExplainedRecord | null): boolean =>
  record !== null && !('at' in record) && record.run === 1;

const NO_RECEIPTS: ReceiptsOf = { receipts: [], complete: true };

const receiptsOf = ({ store }: OperatedStore, id: string): Promise<ReceiptsOf> =>
  findReceipts(
    store,
    (candidate) => candidate === id,
    ({ run }) => run === 1,
  );

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
  enqueuedAt: isInstant(Number(enqueuedAt)) ? Number(enqueuedAt) : null,
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
