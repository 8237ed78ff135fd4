import { batchesOf, byStore, overlapping } from '../dead-letters/batches.ts';
import type { IndexedDeadLetter } from '../dead-letters/index-by-reason.ts';
import type { FinalState } from '../outcome.ts';
import { storeTime } from '../redis/store-clock.ts';
import {
  ends,
  type LonePrediction,
  type PredictedLetter,
  predictLetters,
  type ReplayFate,
} from './replay-fate.ts';
import { createSeen } from './seen.ts';

/** What would become of the dead letters of a replay, if it were done now. */
export interface ReplayOutlook {
  /** The largest first. */
  groups: OutlookGroup[];
  /** How many letters were looked at. */
  letters: number;
  /** Whether the signal ended it early. */
  interrupted: boolean;
}

/** Letters with one fate and one end. */
export interface OutlookGroup {
  channel: string;
  fate: ReplayFate;
  final: FinalState | null;
  letters: number;
  /** Between which instants their waits end; null if they do not wait. Milliseconds since the epoch by the store's clock. */
  until: { earliest: number; latest: number } | null;
}

export interface PredictControl {
  /** Ends it between two batches. */
  signal?: AbortSignal | undefined;
  /** Called for each letter, oldest first. */
  onLetter?: ((letter: PredictedLetter) => void) | undefined;
}

/** A script holds the store for about 10 µs a message. */
const BATCH = 100;

export async function predictReplay(
  letters: AsyncIterable<IndexedDeadLetter>,
  { signal, onLetter }: PredictControl = {},
): Promise<ReplayOutlook> {
  const groups = new Map<string, OutlookGroup>();
  const recordsSeen = createSeen();
  const slotsSeen = createSeen();
  let count = 0;
  let interrupted = false;
  async function* untilAborted(): AsyncGenerator<IndexedDeadLetter[]> {
    for await (const batch of batchesOf(letters, BATCH)) {
      interrupted = signal?.aborted === true;
      if (interrupted) return;
      yield batch;
    }
  }
  async function predict(batch: readonly IndexedDeadLetter[]): Promise<LonePrediction[]> {
    const predictions: LonePrediction[] = [];
    for (const [channel, own] of byStore(batch)) {
      const at = await storeTime(channel.store.redis);
      predictions.push(...(await predictLetters(channel, own, at)));
    }
    return predictions;
  }
  // In the order of the letters: of those with one id the first begins a run, of those for one recipient the first takes the slot.
  function afterEarlier({ letter, record, slot }: LonePrediction): PredictedLetter {
    if (record !== undefined && recordsSeen(record)) return { ...letter, ...ends('duplicate') };
    const isTaken = slot !== undefined && slotsSeen(`${letter.channel} ${slot.recipient}`);
    return isTaken ? { ...letter, ...slot.otherwise() } : letter;
  }
  function tell(predictions: readonly LonePrediction[]): void {
    for (const told of predictions.map(afterEarlier)) {
      count += 1;
      add(groups, told);
      onLetter?.(told);
    }
  }
  await overlapping(untilAborted(), predict, tell);
  return { groups: [...groups.values()].sort((a, b) => b.letters - a.letters), letters: count, interrupted };
}

function add(groups: Map<string, OutlookGroup>, { channel, fate, final, until }: PredictedLetter): void {
  const key = [channel, fate, final?.state, final?.reason].join(' ');
  const group = groups.get(key) ?? { channel, fate, final, letters: 0, until: null };
  group.letters += 1;
  if (until !== null) {
    const { earliest = until, latest = until } = group.until ?? {};
    group.until = { earliest: Math.min(earliest, until), latest: Math.max(latest, until) };
  }
  groups.set(key, group);
}
