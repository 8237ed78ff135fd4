import type { Receipt } from '../src/receipts/receipts.ts';

/** What some receipts add up to. */
export interface Tally {
  /** Final states in all. */
  finals: number;
  delivered: number;
  /** Of those delivered: proven by the platform's refusal of the repetition. */
  presumed: number;
  /** Of those delivered: found by asking the platform, as the answer was lost. */
  confirmed: number;
  /** By reason. */
  suppressed: Readonly<Record<string, number>>;
  dead: Readonly<Record<string, number>>;
  /** Messages that needed more than one attempt. */
  retried: number;
}

export function tallyOf(receipts: readonly Receipt[]): Tally {
  const delivered = reasonsOf(receipts, 'delivered');
  return {
    finals: receipts.length,
    delivered: total(delivered),
    presumed: delivered['presumed'] ?? 0,
    confirmed: delivered['confirmed'] ?? 0,
    suppressed: reasonsOf(receipts, 'suppressed'),
    dead: reasonsOf(receipts, 'dead'),
    retried: receipts.filter(({ attempts }) => attempts > 1).length,
  };
}

function reasonsOf(receipts: readonly Receipt[], wanted: Receipt['state']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state, reason } of receipts) if (state === wanted) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

export const total = (counts: Tally['dead']): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
