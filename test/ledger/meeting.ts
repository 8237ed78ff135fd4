import { joinCalls, type Ledger } from '../../src/ledger/ledger.ts';
import { type RecentWritesOptions, withRecentWrites } from '../../src/ledger/recent-writes.ts';
import type { FailoverDetector, RecentWrites } from '../../src/ledger/store-gate.ts';
import type { LedgerCalls } from '../../src/ledger/types.ts';

/**
 * A watch whose store is met when the test says so, or when it is suspected.
 * @param gates what `pending` answers, one after the other
 */
export function meeting(gates: (Promise<void> | undefined)[] = []) {
  let witness: RecentWrites | undefined;
  let told: Record<string, number> = {};
  let restoring: Promise<void> | undefined;
  const store: FailoverDetector = {
    pending: () => gates.shift(),
    restoring: () => gates.shift() ?? restoring,
    trouble: () => undefined,
    add(added) {
      witness = added;
    },
    suspect() {
      restoring = witness?.restore(false).then(() => {
        restoring = undefined;
      });
    },
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

/** A ledger that remembers its recent writes, over one that is asked for each message alone. */
export function withMemory(plain: Ledger, options: RecentWritesOptions): Ledger {
  const calls: LedgerCalls = {
    admit: (admissions) => Promise.all(admissions.map(({ message, nonce }) => plain.admit(message, nonce))),
    settle: (settlements) => Promise.all(settlements.map((each) => plain.settle(each))),
  };
  return joinCalls(withRecentWrites(calls, options));
}
