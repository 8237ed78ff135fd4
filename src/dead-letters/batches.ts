import type { OperatedChannel } from '../admin/installation.ts';
import type { IndexedLetter } from './index-by-reason.ts';

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
export function byChannel(letters: readonly IndexedLetter[]): Map<OperatedChannel, IndexedLetter[]> {
  const groups = new Map<OperatedChannel, IndexedLetter[]>();
  for (const letter of letters) {
    const group = groups.get(letter.channel);
    if (group) group.push(letter);
    else groups.set(letter.channel, [letter]);
  }
  return groups;
}
