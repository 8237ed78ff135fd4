import type { OperatedChannel } from '../channels/installation.ts';
import type { IndexedDeadLetter } from './index-by-reason.ts';

/** Letters in the portions in which scripts take them. */

export async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    if (batch.push(item) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** A script sees the keys of one channel. */
export function byChannel(letters: readonly IndexedDeadLetter[]): Map<OperatedChannel, IndexedDeadLetter[]> {
  const groups = new Map<OperatedChannel, IndexedDeadLetter[]>();
  for (const letter of letters) {
    const group = groups.get(letter.channel);
    if (group) group.push(letter);
    else groups.set(letter.channel, [letter]);
  }
  return groups;
}

/** A script that waits at the store keeps it busy while the next batch is read and the answer before is worked through. */
const UNDER_WAY = 3;

/** Runs the work of each batch, in order, a few ahead of the answers. Rejects with the first failure; no batch starts after it. */
export async function overlapping<T>(
  batches: AsyncIterable<T>,
  work: (batch: T) => Promise<void>,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  try {
    for await (const batch of batches) {
      const started = work(batch);
      started.catch(() => {}); // Awaited below, or a batch before it failed first.
      if (underWay.push(started) >= UNDER_WAY) await underWay.shift();
    }
    await Promise.all(underWay);
  } finally {
    await Promise.allSettled(underWay);
  }
}
