import { batchesOf, byStore } from './batches.ts';
import { hasDetail } from './detail-filter.ts';
import type { IndexedDeadLetter } from './index-by-reason.ts';
import { type DeadLetterRecord, readDeadLetters } from './records.ts';

/** Selects dead letters by what only their records say: it is not indexed, and the records of all that else match are read. */
export interface RecordFilter {
  /** Only with this error text, as a letter has it or as `groupDeadLetters` shows it. */
  detail?: string | undefined;
  /** Only those of the campaign with this id. */
  campaign?: string | undefined;
}

export type IsWanted = (record: Pick<DeadLetterRecord, 'detail' | 'campaign'>) => boolean;

/** @returns undefined for a filter that asks nothing of a record */
export function wantedBy({ detail, campaign }: RecordFilter): IsWanted | undefined {
  if (detail === undefined && campaign === undefined) return undefined;
  const isText = detail === undefined ? () => true : hasDetail(detail);
  return (record) => (campaign === undefined || record.campaign === campaign) && isText(record.detail);
}

const BATCH = 500;

/** Keeps the letters whose records are wanted, in their order. Reads the record of each. */
export async function* wantedOf(
  letters: AsyncIterable<IndexedDeadLetter>,
  isWanted: IsWanted,
): AsyncGenerator<IndexedDeadLetter, void, undefined> {
  for await (const batch of batchesOf(letters, BATCH)) {
    const kept = new Set<IndexedDeadLetter>();
    for (const [{ store }, own] of byStore(batch)) {
      const names = own.map(({ name }) => name);
      for (const [i, record] of (await readDeadLetters(store, names)).entries()) {
        // One that died again since is another death, with a text of its own.
        if (record?.diedAt === own[i]!.diedAt && isWanted(record)) kept.add(own[i]!);
      }
    }
    yield* batch.filter((letter) => kept.has(letter));
  }
}
