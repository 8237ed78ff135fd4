import type { Installation } from '../channels/installation.ts';
import { byChannel, inBatches, overlapping } from './batches.ts';
import type { IndexedDeadLetter } from './index-by-reason.ts';
import { createPace, type Pause, systemPause } from './pace.ts';
import { type ReplayStatus, replayListed } from './records.ts';

export interface ReplayResult {
  replayed: number;
  /** Somebody else replayed them meanwhile. */
  alreadyReplayed: number;
  /** Proof of delivery came in since they died. */
  alreadyDelivered: number;
  /** They stay dead letters. */
  failed: number;
  /** The signal ended it early; what is left is found by the next replay. */
  interrupted: boolean;
}

/** What came of one letter. */
export type ReplayStep =
  | { kind: 'replayed' | 'alreadyReplayed' | 'alreadyDelivered' }
  | { kind: 'failed'; why: string };

export interface ReplayOptions {
  /** Letters a second; as fast as it goes when absent. */
  perSecond?: number | undefined;
  /** Ends the replay between two batches. */
  signal?: AbortSignal | undefined;
  /** Called with every letter that went back to its queue: `herald_replays_total` counts by this. */
  onReplayed?: ((channel: string) => void) | undefined;
  /** Called with every letter with what came of it. */
  onStep?: ((letter: IndexedDeadLetter, step: ReplayStep) => void) | undefined;
  /** The system's when absent. */
  pause?: Pause | undefined;
}

const STEPS: Readonly<Record<ReplayStatus, ReplayStep>> = {
  replayed: { kind: 'replayed' },
  gone: { kind: 'alreadyReplayed' },
  delivered: { kind: 'alreadyDelivered' },
  active: { kind: 'failed', why: 'a send of this message is in flight: try again when it has ended' },
  duplicate: {
    kind: 'failed',
    why: 'another message with this id ended less than a day ago: try again after that',
  },
  cut: { kind: 'failed', why: 'its data were too large to keep' },
};

/**
 * Sends dead letters back to their queues, each as a new run with a full budget, in the given order. Expiry,
 * eligibility, slot and rate are checked again by the workers that take them. Safe beside other replays of the same
 * letters, and to break off anywhere: each letter is replayed in one step of the store's, once.
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
  const replay = async (batch: readonly IndexedDeadLetter[]): Promise<void> => {
    for (const [channel, own] of byChannel(batch)) {
      const statuses = await replayListed(channel.store, own);
      for (const [i, letter] of own.entries()) {
        const step = STEPS[statuses[i]!];
        result[step.kind] += 1;
        if (step.kind === 'replayed') options.onReplayed?.(channel.name);
        options.onStep?.(letter, step);
      }
    }
  };
  async function* paced(): AsyncGenerator<IndexedDeadLetter[]> {
    for await (const batch of inBatches(letters, pace.batch)) {
      await pace.turn(batch.length);
      if (signal?.aborted) {
        result.interrupted = true;
        return;
      }
      yield batch;
    }
  }
  await overlapping(paced(), replay);
  return result;
}
