import type { Installation } from '../installation.ts';
import type { IndexedLetter } from '../letter-index.ts';
import { createPace, type Pause, systemPause } from '../pace.ts';
import { type ReplayStep, replayBatch } from './replay-batch.ts';

export interface ReplayResult {
  replayed: number;
  alreadyReplayed: number;
  vanished: number;
  failed: number;
  /** The signal ended it early; what is left is found by the next replay. */
  interrupted: boolean;
}

export interface ReplayOptions {
  /** Letters a second; as fast as it goes when absent. */
  perSecond?: number | undefined;
  /** Ends the replay between two letters. */
  signal?: AbortSignal | undefined;
  /** Told of every letter that went back to its queue: `herald_replays_total` counts by this. */
  onReplayed?: ((channel: string) => void) | undefined;
  /** Told of every letter with what came of it. */
  onStep?: ((letter: IndexedLetter, step: ReplayStep) => void) | undefined;
  /** The system's when absent. */
  pause?: Pause | undefined;
}

/**
 * Sends dead letters back to their queues, each as a new run with a full budget, in the given order. Expiry,
 * eligibility, slot and rate are checked again by the workers that take them. Safe beside other replays of the same
 * letters: each letter's death is replayed once.
 */
export async function replayLetters(
  installation: Installation,
  letters: AsyncIterable<IndexedLetter>,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const { signal, perSecond, pause = systemPause } = options;
  const pace = createPace({ perSecond, signal, pause, clock: installation.clock });
  const result: ReplayResult = {
    replayed: 0,
    alreadyReplayed: 0,
    vanished: 0,
    failed: 0,
    interrupted: false,
  };
  for await (const batch of batches(letters, pace.batch)) {
    await pace.turn(batch.length);
    if (signal?.aborted) return { ...result, interrupted: true };
    for (const { letter, step } of await replayBatch(installation, batch)) {
      result[COUNTED[step.kind]] += 1;
      if (step.kind === 'replayed') options.onReplayed?.(letter.channel.name);
      options.onStep?.(letter, step);
    }
  }
  return result;
}

const COUNTED = {
  replayed: 'replayed',
  already_replayed: 'alreadyReplayed',
  vanished: 'vanished',
  failed: 'failed',
} as const;

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    if (batch.push(item) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
