import type { Receipt } from '../src/observe/receipts.ts';
import type { Channel } from './channels.ts';

/**
 * What the store held when it was made to forget, read in the same step. Final states that were told before are checked
 * like those that are told after; the jobs that went with it are for the application to enqueue again, and are checked
 * as if nothing had happened.
 */
export interface Forgetting {
  kind: string;
  at: number;
  /** By channel. */
  receipts: ReadonlyMap<string, readonly Receipt[]>;
  deadLetters: ReadonlyMap<string, ReadonlySet<string>>;
  /** When the letters were read, which is before the step: what died in between may have had one. */
  deadLettersAt: number;
}

interface Known {
  receipts: Receipt[];
  deadLetters: Set<string>;
}

/** What is known in the end: what the store has, and what it once had. */
export function unforgotten({ name }: Channel, forgettings: readonly Forgetting[], now: Known): Known {
  const deadLetters = new Set(now.deadLetters);
  for (const forgetting of forgettings) {
    for (const id of forgetting.deadLetters.get(name) ?? []) deadLetters.add(id);
    for (const { id, at, state } of forgetting.receipts.get(name) ?? [])
      if (state === 'dead' && at >= forgetting.deadLettersAt - CLOCK_MS) deadLetters.add(id);
  }
  const generations = [...forgettings.map(({ receipts }) => receipts.get(name) ?? []), now.receipts];
  return { deadLetters, receipts: generations.reduce<Receipt[]>(merge, []) };
}

/** The store's clock is the machine's. */
const CLOCK_MS = 50;

/**
 * A run whose end was forgotten may be told to have ended once more: as it had, by a worker that remembers; or, where
 * nothing had arrived, otherwise, since a copy of the message that comes later meets no record. Two ends in one
 * generation stay two, and a delivery stays one whatever is told later.
 */
function merge(before: readonly Receipt[], after: readonly Receipt[]): Receipt[] {
  const known = new Map(before.map((receipt) => [runOf(receipt), receipt]));
  const again = new Set<Receipt>();
  const outdated = new Set<Receipt>();
  for (const receipt of after) {
    const earlier = known.get(runOf(receipt));
    if (!earlier) continue;
    if (earlier.state === receipt.state && earlier.reason === receipt.reason) again.add(receipt);
    else if (earlier.state !== 'delivered') outdated.add(earlier);
  }
  return [...before.filter((each) => !outdated.has(each)), ...after.filter((each) => !again.has(each))];
}

const runOf = ({ id, run }: Receipt): string => `${id} ${run}`;
