import type { OperatedStore } from '../channels/installation.ts';
import type { IndexedDeadLetter } from './index-by-reason.ts';

/** Splits dead letters into the batches that a script processes in one call. */

export async function* batchesOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    if (batch.push(item) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Groups by store, since a script accesses the keys of one store only. */
export function byStore(letters: readonly IndexedDeadLetter[]): Map<OperatedStore, IndexedDeadLetter[]> {
  const groups = new Map<OperatedStore, IndexedDeadLetter[]>();
  for (const letter of letters) {
    const group = groups.get(letter.channel);
    if (group) group.push(letter);
    else groups.set(letter.channel, [letter]);
  }
  return groups;
}

/** The number of batches in flight: queued scripts keep Redis busy while the next batch is read and replies are processed. */
const UNDER_WAY = 3;

/**
 * Runs `work` for each batch, starting in order, a few in flight at a time. Rejects with the first failure and starts no batch after it.
 * @param tell called with the result of each batch in their order, once all before it are done: whoever notes how far they got never
 * notes more than that
 */
export async function overlapping<T, R = void>(
  batches: AsyncIterable<T>,
  work: (batch: T) => Promise<R>,
  tell: (result: R) => void = () => {},
): Promise<void> {
  const underWay: Promise<void>[] = [];
  let failed = false;
  async function carryOut(batch: T, before: Promise<void> | undefined): Promise<void> {
    const result = await work(batch);
    await before;
    tell(result);
  }
  try {
    for await (const batch of batches) {
      if (failed) break;
      const started = carryOut(batch, underWay.at(-1));
      // Awaited below, unless an earlier batch failed.
      started.catch(() => {
        failed = true;
      });
      if (underWay.push(started) >= UNDER_WAY) await underWay.shift();
    }
    await Promise.all(underWay);
  } finally {
    await Promise.allSettled(underWay);
  }
}
