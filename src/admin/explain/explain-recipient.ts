import { aliveWorkers } from '../../channels/heartbeats.ts';
import type { Installation, OperatedChannel, OperatedStore } from '../../channels/installation.ts';
import { tryParseJson } from '../../json.ts';
import { type ChannelState, readChannelState } from '../../ledger/channel-state.ts';
import { explainMessage } from '../../ledger/lookups.ts';
import { jobKey, messageKey, newNonce, recipientKey } from '../../ledger/names.ts';
import { recipientOf } from '../../message/recipients.ts';
import { DEFAULT_LIFE_MS } from '../../message/schema.ts';
import { InvalidMessageError } from '../../producer/errors.ts';
import type { Receipt } from '../../receipts/receipts.ts';
import { isAnyPaused } from '../channel-control.ts';
import { type ListedJob, listQueue } from '../queue-list.ts';
import { type Hold, holdOf } from '../status.ts';
import { type ExplainedPlay, type ExplainedSlot, explainPlay, explainSlot } from './explained-ledger.ts';
import { nameOwner } from './live-jobs.ts';
import { type Prediction, predict } from './prediction.ts';
import { findReceipts } from './receipts-of.ts';

/** The state of one recipient of a channel. Times in milliseconds since the epoch by the store's clock. */
export interface RecipientExplanation {
  channel: string;
  to: unknown;
  now: number;
  slot: (ExplainedSlot & { ownerId: string | null }) | null;
  play: ExplainedPlay | null;
  /** The verdict on a new message to this recipient, if it were picked up now; null if unknown. */
  predicted: Prediction | null;
  /** Its messages among the first jobs of each queue state. */
  waiting: ListedJob[];
  /** Oldest first; only receipts with a recipient, see `discloseRecipients`. */
  receipts: Receipt[];
  receiptsComplete: boolean;
  stopped: Hold | null;
  resting: ChannelState['resting'];
  workers: number;
}

const SCANNED = 500;
const MAX_RECEIPTS = 20;

/** @throws InvalidMessageError if `to` is not a recipient of the channel's platform */
export async function explainRecipient(
  installation: Installation,
  channel: OperatedChannel,
  to: unknown,
): Promise<RecipientExplanation> {
  if (!channel.reading)
    throw new InvalidMessageError([
      { path: 'channel', message: `has platform ${channel.platform}, which this version does not support` },
    ]);
  const { definition } = channel.reading;
  const recipient = recipientOf(definition, to);
  if (!('key' in recipient)) throw new InvalidMessageError(recipient);
  const isTheirs = (other: unknown): boolean => {
    const named = recipientOf(definition, other);
    return 'key' in named && named.key === recipient.key;
  };
  const own = channel.of(recipient.key);
  const entry = await explainMessage(own.store, {
    key: messageKey(''),
    recipient: recipient.key,
    playTtlMs: channel.playTtlMs,
  });
  const state = await readChannelState(channel.home);
  const receipts = await findReceipts(
    own.store,
    (text) => isTheirs(tryParseJson(text)),
    enoughAfter(MAX_RECEIPTS),
    'to',
  );
  return {
    channel: channel.name,
    to,
    now: entry.now,
    slot: await nameOwner(own, explainSlot(entry.slot)),
    play: explainPlay(entry.play),
    predicted: (await predictFor(own, recipient.key, entry.now)) ?? null,
    waiting: await waitingFor(installation, channel, isTheirs),
    receipts: receipts.receipts,
    receiptsComplete: receipts.complete,
    stopped: holdOf(state, await isAnyPaused(channel)),
    resting: state.resting,
    workers: (await aliveWorkers(channel.home)).length,
  };
}

function enoughAfter(count: number): () => boolean {
  let seen = 0;
  return () => ++seen >= count;
}

/** Predicts the verdict on a new message. */
function predictFor(channel: OperatedStore, key: string, now: number): Promise<Prediction | undefined> {
  const id = newNonce();
  const expiresAt = now + DEFAULT_LIFE_MS;
  const ledger = {
    id,
    jobId: id,
    key: messageKey(id),
    job: jobKey(id),
    recipient: recipientKey(key),
    expiresAt,
  };
  return predict(channel, { ledger, expiresAt, onQuota: 'drop' }, now);
}

async function waitingFor(
  installation: Installation,
  channel: OperatedChannel,
  isTheirs: (to: unknown) => boolean,
): Promise<ListedJob[]> {
  const found: ListedJob[] = [];
  const selection = { channels: [channel.name], limit: SCANNED };
  for await (const job of listQueue(installation, selection)) {
    if (job.problem === null && isTheirs(job.to)) found.push(job);
  }
  return found;
}
