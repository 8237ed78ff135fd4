import type { Redis } from 'ioredis';
import { iterateReceipts, type Receipt } from '../src/observe/receipts.ts';

/** What the receipts of one run say so far. */
export interface RunTally {
  /** Final states in all. */
  finals: number;
  delivered: number;
  /** Of those delivered: proven by the platform's refusal of the repetition. */
  presumed: number;
  /** Of those delivered: found by asking the platform, as the answer was lost. */
  confirmed: number;
  suppressed: Readonly<Record<string, number>>;
  dead: Readonly<Record<string, number>>;
  /** Messages that needed more than one attempt. */
  retried: number;
  /** Messages that the stream holds more than one final state of. */
  repeated: number;
}

/** Follows the receipts of a channel, as an application would. */
export interface ReceiptBook {
  /** Reads what was added since. */
  update(): Promise<void>;
  /** @param run 1 for the first life of a message, 2 after a replay */
  tally(run: number): RunTally;
  has(id: string, run: number): boolean;
}

export function openReceiptBook(redis: Redis, channel: string): ReceiptBook {
  const runs = new Map<number, Map<string, Receipt[]>>();
  let from: string | undefined;
  const runOf = (run: number): Map<string, Receipt[]> => runs.get(run) ?? new Map();

  return {
    async update() {
      for await (const receipt of iterateReceipts(redis, channel, { from })) {
        from = `(${receipt.entry}`;
        const run = runOf(receipt.run);
        run.set(receipt.id, [...(run.get(receipt.id) ?? []), receipt]);
        runs.set(receipt.run, run);
      }
    },
    has: (id, run) => runOf(run).has(id),
    tally(run) {
      const receipts = [...runOf(run).values()].flat();
      const delivered = receipts.filter(({ state }) => state === 'delivered');
      return {
        finals: receipts.length,
        delivered: delivered.length,
        presumed: delivered.filter(({ reason }) => reason === 'presumed').length,
        confirmed: delivered.filter(({ reason }) => reason === 'confirmed').length,
        suppressed: reasonsOf(receipts, 'suppressed'),
        dead: reasonsOf(receipts, 'dead'),
        retried: receipts.filter(({ attempts }) => attempts > 1).length,
        repeated: [...runOf(run).values()].filter(({ length }) => length > 1).length,
      };
    },
  };
}

/** Of several channels, as one. */
export const sumOf = (tallies: readonly RunTally[]): RunTally => {
  const sum = (count: (tally: RunTally) => number): number =>
    tallies.reduce((all, tally) => all + count(tally), 0);
  return {
    finals: sum(({ finals }) => finals),
    delivered: sum(({ delivered }) => delivered),
    presumed: sum(({ presumed }) => presumed),
    confirmed: sum(({ confirmed }) => confirmed),
    suppressed: sumCounts(tallies.map(({ suppressed }) => suppressed)),
    dead: sumCounts(tallies.map(({ dead }) => dead)),
    retried: sum(({ retried }) => retried),
    repeated: sum(({ repeated }) => repeated),
  };
};

type Counts = Readonly<Record<string, number>>;

/** By name, over all of them. */
export function sumCounts(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {};
  for (const [name, count] of all.flatMap((counts) => Object.entries(counts))) {
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

function reasonsOf(receipts: readonly Receipt[], state: Receipt['state']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of receipts.filter((receipt) => receipt.state === state)) {
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

export const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
