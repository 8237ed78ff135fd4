import type { Installation } from '../channels/installation.ts';
import { batchesOf, byStore } from './batches.ts';
import { inCommon } from './detail-filter.ts';
import { wantedBy } from './record-filter.ts';
import { type DeadLetterRecord, readDeadLetters } from './records.ts';
import { type DeadLetterGroup, type DeadLetterQuery, selectDeadLetters } from './selection.ts';

/** Groups dead letters by what killed them, so that ten causes are seen in place of ten thousand letters. */

export interface DetailGroup extends DeadLetterGroup {
  /** The error text that they have in common, with `…` in place of what differs: addresses, ids and long numbers. */
  detail: string;
  /** The id of one of them, the newest. */
  example: string;
}

export interface GroupedDeadLetters {
  /** The largest first. */
  groups: DetailGroup[];
  /** How many dead letters there are in all. */
  total: number;
}

const BATCH = 500;
/** Texts beyond these have no group of their own, so that a platform that never says the same twice costs no memory. */
const MAX_GROUPS = 1_000;
export const OTHER_TEXTS = '(other texts)';

/** Reads every dead letter of the selection; its limit is ignored. */
export async function groupDeadLetters(
  installation: Installation,
  selection: DeadLetterQuery,
): Promise<GroupedDeadLetters> {
  const groups = new Map<string, DetailGroup>();
  let total = 0;
  const isWanted = wantedBy(selection);
  const add = (channel: string, record: DeadLetterRecord): void => {
    if (isWanted && !isWanted(record)) return;
    total += 1;
    const { reason, diedAt } = record;
    const keyOf = (detail: string): string => JSON.stringify([channel, reason, detail]);
    const common = inCommon(record.detail);
    const detail = groups.has(keyOf(common)) || groups.size < MAX_GROUPS ? common : OTHER_TEXTS;
    const known = groups.get(keyOf(detail));
    const { letters = 0, oldest = diedAt } = known ?? {};
    groups.set(keyOf(detail), {
      ...{ channel, reason, detail, letters: letters + 1 },
      ...{ oldest, newest: diedAt, example: record.id },
    });
  };
  // The records are read here anyway.
  const all = { ...selection, limit: undefined, detail: undefined, campaign: undefined };
  const { read } = await selectDeadLetters(installation, all);
  for await (const batch of batchesOf(read(), BATCH)) {
    for (const [{ name, store }, own] of byStore(batch)) {
      const records = await readDeadLetters(
        store,
        own.map((letter) => letter.name),
      );
      for (const record of records) if (record) add(name, record);
    }
  }
  return { groups: [...groups.values()].sort((a, b) => b.letters - a.letters), total };
}
