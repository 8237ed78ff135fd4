import type { Clock } from '../clock.ts';
import { createKeptSlots } from './kept-slots.ts';
import { keepsSlot, type Mark, type Remembered, recall, remember, type SlotGrant } from './marks.ts';
import type { Grant, LedgerMessage, Settled, Settlement } from './types.ts';

/** A worker's memory of what it wrote lately, of bounded size whatever the throughput. */
export interface WriteMemory {
  hold(message: LedgerMessage, grant: Grant): void;
  /** @param settled what the store answered to it */
  settle(settlement: Settlement, settled: Pick<Settled, 'status' | 'run'>): void;
  /** Forgets the grant of a settlement that did not hold. */
  forget(settlement: Settlement): void;
  /** The grant that a settlement is to end; undefined if this worker holds none of its nonce. */
  grantOf(settlement: Settlement): Grant | undefined;
  /** Grants that are not settled. */
  held(): Mark[];
  /** The oldest first: those that keep a slot, from long ago, and then all that ended lately. */
  settled(): Remembered[];
}

/** Whatever has ended is kept for two generations: the current one and the one before. */
const GENERATION_MS = 3_000;
/** Bounds a generation, to some megabytes of deliveries, whatever the throughput. */
const MOST_MARKS = 20_000;
/**
 * A FLUSHALL deletes all slots, so those that were used are remembered for longer: this many, some 300 bytes each, and for this
 * long.
 */
const MOST_SLOTS = 20_000;
const SLOTS_FOR_MS = 6 * 3_600_000;
/** After a deadline a grant is no longer relied on; the clocks of worker and store may differ by seconds. */
const LAPSED_MS = 60_000;

export function createWriteMemory(clock: Clock): WriteMemory {
  /** Grants not yet settled, by nonce. */
  const held = new Map<string, { message: LedgerMessage; grant: Grant }>();
  /**
   * By message: what became of it last, if that keeps a slot. The settlement that ends its grant may have another nonce (of a
   * question to the platform, or of a verdict on a doubt), so `held` does not find it.
   */
  const slots = createKeptSlots();
  let current: Remembered[] = [];
  let previous: Remembered[] = [];
  let turnAt = clock.monotonic() + GENERATION_MS;

  function turn(now: number): void {
    previous = current;
    current = [];
    turnAt = now + GENERATION_MS;
    slots.forget(now - SLOTS_FOR_MS, MOST_SLOTS + previous.length);
    forgetLapsed();
  }

  /** Grants that were never settled: their record lapses by itself. */
  function forgetLapsed(): void {
    const longAgo = clock.now() - LAPSED_MS;
    for (const [nonce, { grant }] of held) if (grant.deadlineAt < longAgo) held.delete(nonce);
  }

  function slotGrantOf({ key }: LedgerMessage): SlotGrant | undefined {
    const remembered = slots.get(key);
    return remembered === undefined ? undefined : recall(remembered).grant;
  }

  return {
    hold(message, grant) {
      held.set(grant.nonce, { message, grant });
    },
    settle(told, { status, run }) {
      const { message, nonce, effect, final } = told;
      const grant = held.get(nonce)?.grant ?? slotGrantOf(message);
      held.delete(nonce);
      // An earlier send of the run is still in doubt and keeps the slot, whatever came of this one; and a wait says nothing of a send.
      const stands =
        effect !== 'doubt' && (status === 'doubt' || (!final && (status === 'stale' || effect === 'none')));
      if (stands) return;
      const tells = final !== undefined || effect === 'doubt';
      // A verdict has no nonce that would tell its run.
      const settlement = effect === 'none' ? { ...told, run } : told;
      const keeps = tells && grant !== undefined && keepsSlot({ settlement });
      // Whatever was known of its message before is outdated.
      if (!keeps) slots.delete(message.key);
      if (!tells) return;
      const now = clock.monotonic();
      if (now >= turnAt || current.length >= MOST_MARKS) turn(now);
      const remembered = remember({ message, grant, settlement, at: now });
      current.push(remembered);
      if (keeps) slots.keep(message.key, remembered);
    },
    forget: ({ nonce }) => void held.delete(nonce),
    grantOf: ({ nonce }) => held.get(nonce)?.grant,
    held: () => [...held.values()],
    settled() {
      const recent = new Set([...previous, ...current]);
      return [...slots.all().filter((remembered) => !recent.has(remembered)), ...recent];
    },
  };
}
