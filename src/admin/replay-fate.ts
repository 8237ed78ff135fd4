import type { OperatedStore } from '../channels/installation.ts';
import type { IndexedDeadLetter } from '../dead-letters/index-by-reason.ts';
import {
  type DeadLetterRecord,
  predictListed,
  readDeadLetters,
  readDeadLettersData,
} from '../dead-letters/records.ts';
import type { Delivery } from '../jobs/envelope.ts';
import { messageKey, newNonce } from '../ledger/names.ts';
import { predictVerdicts } from '../ledger/prediction.ts';
import type { LedgerMessage, Verdict } from '../ledger/types.ts';
import type { DeadReason, FinalState } from '../outcome.ts';
import type { AdmissionPolicy } from '../policies/admission.ts';
import { predictionOf, toPredict } from './explain/prediction.ts';
import { deadLetterAsJob, readStored } from './read-stored.ts';

/**
 * What would become of a dead letter that is replayed now. `send`: it is sent. `slot_taken`: its recipient had a message in
 * this window, from another message or an earlier letter of the same replay. `ineligible`, `expired`, `cancelled`: it is
 * suppressed. `waits`: for its time, or the end of another send to its recipient. `dies`: no worker can read it, or the send of an
 * earlier run stays in doubt. `active`, `duplicate`, `cut`, `damaged`: it is not replayed and stays, see `ReplayStatus`. `delivered`: its
 * delivery was proven since, and it is dropped. `gone`: replayed or purged meanwhile. `unknown`: a worker of another version
 * decides.
 */
export const REPLAY_FATES = [
  'send',
  'slot_taken',
  'ineligible',
  'expired',
  'cancelled',
  'waits',
  'dies',
  'active',
  'duplicate',
  'cut',
  'damaged',
  'delivered',
  'gone',
  'unknown',
] as const;
export type ReplayFate = (typeof REPLAY_FATES)[number];

/** Times in milliseconds since the epoch by the store's clock. */
export interface PredictedLetter {
  channel: string;
  id: string;
  jobId: string;
  reason: DeadReason;
  diedAt: number;
  fate: ReplayFate;
  /** The final state of the new run, if it ends without a send. */
  final: FinalState | null;
  /** Until when its message waits, or its recipient's slot is taken; null if it does not wait, or nobody knows how long. */
  until: number | null;
}

type Foreseen = Pick<PredictedLetter, 'fate' | 'final' | 'until'>;

const ends = (fate: ReplayFate, final: FinalState | null = null): Foreseen => ({ fate, final, until: null });

/** Recipients whose slot an earlier letter of the same replay takes. */
export type TakenSlots = (channel: string, recipient: string) => boolean;

/**
 * Predicts the replay of some dead letters of one channel, in the order given, by the scripts that replay and admit, which write
 * nothing here. Stops, rests and the rate are left out: they delay, and decide nothing.
 * @param isTaken answers for a recipient whether it was asked for before
 * @returns nothing for a letter that is gone
 */
export async function foreseeReplays(
  channel: OperatedStore,
  letters: readonly IndexedDeadLetter[],
  at: number,
  isTaken: TakenSlots,
): Promise<PredictedLetter[]> {
  const { store } = channel;
  const names = letters.map(({ name }) => name);
  const [records, data, statuses] = await Promise.all([
    readDeadLetters(store, names),
    readDeadLettersData(store, names),
    predictListed(store, letters, at),
  ]);
  const read = await Promise.all(
    records.map(async (record, i) =>
      record && statuses[i] === 'replayed' ? await readAgain(channel, record, data[i]!) : undefined,
    ),
  );
  const admitted = await foreseeAdmissions(channel, read, at, isTaken);
  return records.flatMap((record, i) => {
    if (!record) return [];
    const status = statuses[i]!;
    const foreseen = status === 'replayed' ? admitted[i]! : ends(status);
    const { id, jobId, reason, diedAt } = record;
    return [{ channel: channel.name, id, jobId, reason, diedAt, ...foreseen }];
  });
}

/** The message that a worker would read of the new job, or what becomes of one that it cannot read. */
async function readAgain(
  channel: OperatedStore,
  record: DeadLetterRecord,
  text: string,
): Promise<Delivery | Foreseen> {
  const entries = await readStored(deadLetterAsJob(record, text), channel);
  const [entry] = entries;
  // A whole job of many died as one letter, and this version reads its messages.
  if (entry?.kind === 'delivery') return entries.length === 1 ? entry.delivery : ends('unknown');
  return entry?.kind === 'invalid'
    ? ends('dies', { state: 'dead', reason: 'invalid_message' })
    : ends('unknown');
}

async function foreseeAdmissions(
  channel: OperatedStore,
  read: readonly (Delivery | Foreseen | undefined)[],
  at: number,
  isTaken: TakenSlots,
): Promise<Foreseen[]> {
  const policy = channel.policyAround?.(at);
  const deliveries = read.filter((each) => each !== undefined && 'ledger' in each);
  const verdicts = policy ? await askAdmission(channel, deliveries, policy, at) : [];
  let next = 0;
  return read.map((each) => {
    if (!each) return ends('gone');
    if (!('ledger' in each)) return each;
    const verdict = verdicts[next++];
    if (!policy || !verdict) return ends('unknown');
    const taken = verdict.kind === 'granted' && policy.quota && isTaken(channel.name, each.ledger.recipient);
    return fateOf(taken ? { kind: 'quota', waitMs: windowEnd(policy, at) - at } : verdict, each, at);
  });
}

/** Of a window that begins now. */
const windowEnd = ({ rolling, windows = [] }: AdmissionPolicy, at: number): number =>
  rolling === undefined ? (windows.find((start) => start > at) ?? at) : at + rolling;

/**
 * A letter's message is known to the ledger as dead, and a replay begins a new run in its record. Asked with a key that no record
 * has, admission answers as for that run: slots name their owner, but one that ended holds none.
 */
async function askAdmission(
  { store }: OperatedStore,
  deliveries: readonly Delivery[],
  policy: AdmissionPolicy,
  at: number,
): Promise<Verdict[]> {
  const messages = deliveries.map(({ ledger }) => ledger);
  const verdicts = await predictVerdicts(store, { messages, policy, at });
  const ended = messages.flatMap((message, i) =>
    hasEnded(verdicts[i]!) ? [[i, asNewRun(message)] as const] : [],
  );
  if (ended.length === 0) return verdicts;
  const again = await predictVerdicts(store, { messages: ended.map(([, message]) => message), policy, at });
  for (const [position, [i]] of ended.entries()) verdicts[i] = again[position]!;
  return verdicts;
}

const hasEnded = ({ kind }: Verdict): boolean => kind === 'known' || kind === 'duplicate';

const asNewRun = (message: LedgerMessage): LedgerMessage => ({
  ...message,
  key: messageKey(`${message.key}\n${newNonce()}`),
});

function fateOf(verdict: Verdict, delivery: Delivery, at: number): Foreseen {
  const { verdict: kind, final, until } = predictionOf(verdict, toPredict(delivery), at);
  if (verdict.kind === 'quota') return { fate: 'slot_taken', final, until: at + verdict.waitMs };
  if (!final) return { fate: kind === 'send' ? 'send' : 'waits', final, until };
  if (final.state === 'dead') return ends('dies', final);
  const { reason } = final;
  return ends(
    reason === 'expired' || reason === 'ineligible' || reason === 'cancelled' ? reason : 'duplicate',
    final,
  );
}
