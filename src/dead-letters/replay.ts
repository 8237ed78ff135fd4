import type { Installation } from '../channels/installation.ts';
import { batchesOf, byStore, overlapping } from './batches.ts';
import type { IndexedDeadLetter } from './index-by-reason.ts';
import { createPace, type Pause, systemPause } from './pace.ts';
import { type ReplayStatus, replayListed } from './records.ts';

export interface ReplayResult {
  replayed: number;
  /** Replayed by a concurrent replay. */
  alreadyReplayed: number;
  /** Their delivery was proven after their death. */
  alreadyDelivered: number;
  /** Not replayed; they stay dead letters. */
  failed: number;
  /** Whether the signal ended it early; the next replay finds the rest. */
  interrupted: boolean;
}

/** The result for one dead letter. */
export type ReplayStep =
  | { kind: 'replayed' | 'alreadyReplayed' | 'alreadyDelivered' }
  | { kind: 'failed'; why: string };

export interface ReplayOptions {
  /** Dead letters per second; unlimited when absent. */
  perSecond?: number | undefined;
  /** Stops the replay between two batches. */
  signal?: AbortSignal | undefined;
  /** Called for each dead letter that was replayed: counts `herald_replays_total`. */
  onReplayed?: ((channel: string) => void) | undefined;
  /** Called for each dead letter with its result, once all of the batches before its own are done. */
  onStep?: ((letter: IndexedDeadLetter, step: ReplayStep) => void) | undefined;
  /** The system timer when absent. */
  pause?: Pause | undefined;
}

const STEPS: Readonly<Record<ReplayStatus, ReplayStep>> = {
  replayed: { kind: 'replayed' },
  continued: { kind: 'replayed' },
  gone: { kind: 'alreadyReplayed' },
  delivered: { kind: 'alreadyDelivered' },
  active: { kind: 'failed', why: 'a send of this message is in flight: try again when it has ended' },
  duplicate: {
    kind: 'failed',
    why: 'another message with this id has not ended, or did less than a day ago: try again a day after its end',
  },
  cut: { kind: 'failed', why: 'its data were too large to keep' },
  damaged: { kind: 'failed', why: 'the record of this message in the ledger cannot be read' },
};

/**
 * Puts dead letters back into their queues, in the given order, each as a new run with a full budget of attempts. Workers
 * check expiry, eligibility, slot and rate again. Safe to run concurrently with other replays and to interrupt anywhere:
 * each dead letter is replayed atomically, once.
 */
export async function replaySelected(
  { clock }: Pick<Installation, 'clock'>,
  letters: AsyncIterable<IndexedDeadLetter>,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const { signal, perSecond, pause = systemPause } = options;
  const pace = createPace({ perSecond, signal, pause, clock });
  const result: ReplayResult = {
    replayed: 0,
    alreadyReplayed: 0,
    alreadyDelivered: 0,
    failed: 0,
    interrupted: false,
  };
  type Steps = [IndexedDeadLetter, ReplayStep][];
  async function replay(batch: readonly IndexedDeadLetter[]): Promise<Steps> {
    const steps: Steps = [];
    for (const [channel, own] of byStore(batch)) {
      const statuses = await replayListed(channel.store, own);
      for (const [i, letter] of own.entries()) {
        const step = STEPS[statuses[i]!];
        if (step.kind === 'replayed') options.onReplayed?.(channel.name);
        steps.push([letter, step]);
      }
    }
    return steps;
  }
  function tell(steps: Steps): void {
    for (const [letter, step] of steps) {
      result[step.kind] += 1;
      options.onStep?.(letter, step);
    }
  }
  async function* paced(): AsyncGenerator<IndexedDeadLetter[]> {
    for await (const batch of batchesOf(letters, pace.batch)) {
      await pace.turn(batch.length);
      if (signal?.aborted) {
        result.interrupted = true;
        return;
      }
      yield batch;
    }
  }
  await overlapping(paced(), replay, tell);
  return result;
}
