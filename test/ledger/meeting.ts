import type { FailoverDetector, RecentWrites } from '../../src/ledger/store-gate.ts';

/** A watch whose store is met when the test says so. @param gates what `pending` answers, one after the other */
export function meeting(gates: (Promise<void> | undefined)[] = []) {
  let witness: RecentWrites | undefined;
  let told: Record<string, number> = {};
  const store: FailoverDetector = {
    pending: () => gates.shift(),
    restoring: () => gates.shift(),
    trouble: () => undefined,
    add(added) {
      witness = added;
    },
    suspect() {},
    refused() {},
    stop() {},
  };
  return {
    store,
    counts(counts: Record<string, number>): void {
      told = counts;
    },
    async meetStore(): Promise<Record<string, number>> {
      await witness?.restore(false);
      return told;
    },
  };
}
