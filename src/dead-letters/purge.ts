import { batchesOf, byStore, overlapping } from './batches.ts';
import type { IndexedDeadLetter } from './index-by-reason.ts';
import { purgeListed } from './records.ts';

export interface PurgeResult {
  purged: number;
  /** Not deleted, because a concurrent replay had taken them. */
  replayedMeanwhile: number;
  /** Whether the signal ended it early. */
  interrupted: boolean;
}

export interface PurgeOptions {
  /** Stops the purge between two batches. */
  signal?: AbortSignal | undefined;
  /** Called after each dead letter. */
  onStep?: (() => void) | undefined;
}

/** Bounds how long a script blocks Redis, to some milliseconds. */
const BATCH = 500;

/** Deletes dead letters permanently. */
export async function purgeSelected(
  letters: AsyncIterable<IndexedDeadLetter>,
  { signal, onStep }: PurgeOptions = {},
): Promise<PurgeResult> {
  const result: PurgeResult = { purged: 0, replayedMeanwhile: 0, interrupted: false };
  const purge = async (batch: readonly IndexedDeadLetter[]): Promise<void> => {
    for (const [channel, own] of byStore(batch)) {
      for (const purged of await purgeListed(channel.store, own)) {
        if (purged) result.purged += 1;
        else result.replayedMeanwhile += 1;
        onStep?.();
      }
    }
  };
  async function* untilAborted(): AsyncGenerator<IndexedDeadLetter[]> {
    for await (const batch of batchesOf(letters, BATCH)) {
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
