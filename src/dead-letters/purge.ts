import { byChannel, inBatches, overlapping } from './batches.ts';
import type { IndexedDeadLetter } from './index-by-reason.ts';
import { purgeListed } from './records.ts';

export interface PurgeResult {
  purged: number;
  /** Left alone: replayed by somebody else meanwhile. */
  replayedMeanwhile: number;
  /** The signal ended it early. */
  interrupted: boolean;
}

export interface PurgeOptions {
  /** Ends the purge between two batches. */
  signal?: AbortSignal | undefined;
  /** Told after every letter. */
  onStep?: (() => void) | undefined;
}

/** A script holds the store for some milliseconds. */
const BATCH = 500;

/** Deletes dead letters for good. */
export async function purgeSelected(
  letters: AsyncIterable<IndexedDeadLetter>,
  { signal, onStep }: PurgeOptions = {},
): Promise<PurgeResult> {
  const result: PurgeResult = { purged: 0, replayedMeanwhile: 0, interrupted: false };
  const purge = async (batch: readonly IndexedDeadLetter[]): Promise<void> => {
    for (const [channel, own] of byChannel(batch)) {
      for (const purged of await purgeListed(channel.store, own)) {
        if (purged) result.purged += 1;
        else result.replayedMeanwhile += 1;
        onStep?.();
      }
    }
  };
  async function* untilAborted(): AsyncGenerator<IndexedDeadLetter[]> {
    for await (const batch of inBatches(letters, BATCH)) {
      if (signal?.aborted) {
        result.interrupted = true;
        return;
      }
      yield batch;
    }
  }
  await overlapping(untilAborted(), purge);
  return result;
}
