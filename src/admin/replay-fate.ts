import type { OperatedStore } from '../channels/installation.ts';
import type { IndexedDeadLetter } from '../dead-letters/index-by-reason.ts';
import {
  type DeadLetterRecord,
  predictListed,
  type ReplayStatus,
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

type PredictedFate = Pick<PredictedLetter, 'fate' | 'final' | 'until'>;

/** The prediction of a letter, as if no earlier one of the same replay were for its recipient, or had its id. */
export interface LonePrediction {
  letter: PredictedLetter;
  /** The record in which the letter's run goes on; undefined if it is not replayed. */
  record: string | undefined;
  /** Where the letter takes its recipient's slot. */
  slot: TakenSlot | undefined;
}

interface TakenSlot {
  recipient: string;
  /** What becomes of the letter if an earlier one has taken the slot. */
  otherwise(): PredictedFate;
}

export const ends = (fate: ReplayFate, final: FinalState | null = null): PredictedFate => {
  return { fate, final, until: null };
};

/**
 * Predicts the replay of some dead letters of one channel, in the order given, by the scripts that replay and admit, which write
 * nothing here. Stops, rests and the rate are left out: they delay, and decide nothing.
 * @returns nothing for a letter that is gone
 */
export async function predictLetters(
  channel: OperatedStore,
  letters: readonly IndexedDeadLetter[],
  at: number,
): Promise<LonePrediction[]> {
  const { store } = channel;
  const names = letters.map(({ name }) => name);
  const [records, data, statuses] = await Promise.all([
    readDeadLetters(store, names),
    readDeadLettersData(store, names),
    predictListed(store, letters, at),
  ]);
  const runs = await Promise.all(
    records.map(async (record, i): Promise<NextRun | PredictedFate> => {
      const status = statuses[i]!;
      if (!record) return ends('gone');
      if (!isReplayed(status)) return ends(status);
      return await readAgain(channel, record, data[i]!, status === 'continued');
    }),
  );
  const predicted = await predictRuns(channel, runs, at);
  return records.flatMap((record, i) => {
    if (!record) return [];
    const { id, jobId, reason, diedAt } = record;
    const { slot, ...fate } = predicted[i]!;
    const letter = { channel: channel.name, id, jobId, reason, diedAt, ...fate };
    return [
      { letter, record: isReplayed(statuses[i]!) ? `${store.keys.ledger} ${record.key}` : undefined, slot },
    ];
  });
}

const isReplayed = (status: ReplayStatus): status is 'replayed' | 'continued' =>
  status === 'replayed' || status === 'continued';

interface NextRun {
  delivery: Delivery;
  /** Whether the run had begun before. */
  begun: boolean;
}

/** The run in which a worker would read the message of the new job, or what becomes of one that it cannot read. */
async function readAgain(
  channel: OperatedStore,
  record: DeadLetterRecord,
  text: string,
  begun: boolean,
): Promise<NextRun | PredictedFate> {
  const entries = await readStored(deadLetterAsJob(record, text), channel);
  const [entry] = entries;
  // A whole job of many died as one letter, and this version reads its messages.
  if (entry?.kind === 'delivery')
    return entries.length === 1 ? { delivery: entry.delivery, begun } : ends('unknown');
  return entry?.kind === 'invalid'
    ? ends('dies', { state: 'dead', reason: 'invalid_message' })
    : ends('unknown');
}

async function predictRuns(
  channel: OperatedStore,
  runs: readonly (NextRun | PredictedFate)[],
  at: number,
): Promise<(PredictedFate & { slot?: TakenSlot | undefined })[]> {
  const policy = channel.policyAround?.(at);
  const messages = runs.flatMap((run) => ('delivery' in run ? [messageOf(run)] : []));
  const asked = policy !== undefined && messages.length > 0;
  const verdicts = asked ? await predictVerdicts(channel.store, { messages, policy, at }) : [];
  let next = 0;
  return runs.map((run) => {
    if (!('delivery' in run)) return run;
    const verdict = verdicts[next++];
    if (!policy || !verdict) return ends('unknown');
    const { delivery } = run;
    const slot = verdict.kind === 'granted' &&
      policy.quota && {
        recipient: delivery.ledger.recipient,
        otherwise: () => fateOf({ kind: 'quota', waitMs: windowEnd(policy, at) - at }, delivery, at),
      };
    return { ...fateOf(verdict, delivery, at), slot: slot || undefined };
  });
}

/** Of a window that begins now. */
const windowEnd = ({ rolling, windows = [] }: AdmissionPolicy, at: number): number =>
  rolling === undefined ? (windows.find((start) => start > at) ?? at) : at + rolling;

/**
 * A letter's message is known to the ledger as dead, and a replay begins a new run in its record. Asked with a key that no record
 * has, admission answers as for that run: slots name their owner, but one that ended holds none.
 */
const messageOf = ({ delivery: { ledger }, begun }: NextRun): LedgerMessage =>
  begun ? ledger : { ...ledger, key: messageKey(`${ledger.key}\n${newNonce()}`) };

function fateOf(verdict: Verdict, delivery: Delivery, at: number): PredictedFate {
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
