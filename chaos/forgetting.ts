import type { Receipt } from '../src/receipts/receipts.ts';
import type { Channel } from './channels.ts';

/** Writes that the store acknowledged and did not keep. */
export interface Lapse {
  /** None that is older was lost; absent: nothing was kept. */
  from?: number;
  /** None that is younger was lost. */
  at: number;
  /** Of these alone; absent: of all. */
  channels?: readonly string[];
}

/** An answer comes some time after its write, on a busy machine. */
const ANSWERED_WITHIN_MS = 5_000;

/** Whether a write that was asked for and answered at these moments may be forgotten by `until`. */
export const mayBeForgotten = (
  lapses: readonly Lapse[],
  channel: string,
  { askedAt, answeredAt }: { askedAt: number; answeredAt: number },
  until = Number.POSITIVE_INFINITY,
): boolean =>
  lapses.some(
    ({ from = Number.NEGATIVE_INFINITY, at, channels }) =>
      (channels?.includes(channel) ?? true) &&
      from <= answeredAt &&
      at >= askedAt - ANSWERED_WITHIN_MS &&
      at <= until,
  );

/**
 * What the store held when it was made to forget, read in the same step. Final states that were told before are checked
 * like those that are told after; the jobs that went with it are for the application to enqueue again, and are checked
 * as if nothing had happened.
 */
export interface Forgetting extends Lapse {
  kind: string;
  /** By channel. */
  receipts: ReadonlyMap<string, readonly Receipt[]>;
  deadLetters: ReadonlyMap<string, ReadonlySet<string>>;
  /** When the letters were read, which is before the step: what died in between may have had one. */
  deadLettersAt: number;
}

/** A receipt, and until when the store held it: what is sent after that contradicts it no more. */
export interface Told extends Receipt {
  forgottenAt?: number;
}

interface Known {
  receipts: Told[];
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
  const generations = forgettings.map(({ receipts, at: forgottenAt }) =>
    (receipts.get(name) ?? []).map((receipt) => ({ ...receipt, forgottenAt })),
  );
  return { deadLetters, receipts: [...generations, now.receipts].reduce<Told[]>(merge, []) };
}

/** The store's clock is the machine's. */
const CLOCK_MS = 50;

/**
 * A run whose end was forgotten may be told to have ended once more: as it had, by a worker that remembers; or, where
 * nothing had arrived, otherwise, since a copy of the message that comes later meets no record. Two ends in one
 * generation stay two, and a delivery stays one whatever is told later.
 */
function merge(before: readonly Told[], after: readonly Told[]): Told[] {
  const known = new Map(before.map((receipt) => [runOf(receipt), receipt]));
  const outdated = new Set<Told>();
  for (const receipt of after) {
    const earlier = known.get(runOf(receipt));
    if (!earlier) continue;
    const same = earlier.state === receipt.state && earlier.reason === receipt.reason;
    if (same || earlier.state !== 'delivered') outdated.add(earlier);
  }
  return [...before.filter((each) => !outdated.has(each)), ...after];
}

const runOf = ({ id, run }: Receipt): string => `${id} ${run}`;
