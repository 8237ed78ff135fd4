import type { Clock } from '../clock.ts';
import type { Grant, LedgerMessage, Settlement } from './types.ts';

/** A memory of what a worker wrote into the ledger: a grant, its settlement, or both. */
export interface Mark {
  message: LedgerMessage;
  grant?: Grant | undefined;
  settlement?: Settlement | undefined;
  /** When it was settled, or granted; monotonic. */
  at: number;
}

/** A worker's memory of what it wrote lately, of bounded size whatever the throughput. */
export interface WriteMemory {
  hold(message: LedgerMessage, grant: Grant): void;
  settle(settlement: Settlement): void;
  /** Forgets the grant of a settlement that did not hold. */
  forget(settlement: Settlement): void;
  /** The grant that a settlement is to end; undefined if this worker holds none of its nonce. */
  grantOf(settlement: Settlement): Grant | undefined;
  /** Grants that are not settled. */
  held(): Mark[];
  /** The oldest first: those that keep a slot, from long ago, and then all that ended lately. */
  settled(): Mark[];
}

/** Whatever has ended is kept for two generations: the current one and the one before. */
const GENERATION_MS = 3_000;
/** Bounds a generation, to some tens of megabytes, whatever the throughput. */
const MOST_MARKS = 20_000;
/**
 * A FLUSHALL deletes all slots, so those that were used are remembered for longer: this many, about a kilobyte each, and for this
 * long.
 */
const MOST_SLOTS = 20_000;
const SLOTS_FOR_MS = 6 * 3_600_000;
/** After a deadline a grant is no longer relied on; the clocks of worker and store may differ by seconds. */
const LAPSED_MS = 60_000;

export function createWriteMemory(clock: Clock): WriteMemory {
  /** Grants not yet settled, by nonce. */
  const held = new Map<string, Mark>();
  /** By message: what became of it, if that keeps a slot, and is older than the two generations. */
  const older = new Map<string, Mark>();
  /**
   * By message: the grant of the send that has its slot. The settlement that ends it may have another nonce (of a question to the
   * platform, or of a verdict on a doubt), so `held` does not find it.
   */
  const slots = new Map<string, Grant>();
  let current: Mark[] = [];
  let previous: Mark[] = [];
  let turnAt = clock.monotonic() + GENERATION_MS;

  function turn(): void {
    for (const mark of previous) age(mark);
    const longAgo = clock.monotonic() - SLOTS_FOR_MS;
    for (const [key, { at }] of older) {
      if (older.size <= MOST_SLOTS && at >= longAgo) break;
      older.delete(key);
      slots.delete(key);
    }
    previous = current;
    current = [];
    turnAt = clock.monotonic() + GENERATION_MS;
    forgetLapsed();
  }

  /** Moves a mark out of the generations. Whatever was known of its message before is outdated. */
  function age(mark: Mark): void {
    const { key } = mark.message;
    older.delete(key);
    if (keepsSlot(mark)) older.set(key, mark);
    else if (slots.get(key) === mark.grant) slots.delete(key);
  }

  /** Grants that were never settled: their record lapses by itself. */
  function forgetLapsed(): void {
    const longAgo = clock.now() - LAPSED_MS;
    for (const [nonce, { grant }] of held) if (grant && grant.deadlineAt < longAgo) held.delete(nonce);
  }

  return {
    hold(message, grant) {
      held.set(grant.nonce, { message, grant, at: clock.monotonic() });
    },
    settle(settlement) {
      const { message, nonce } = settlement;
      const own = held.get(nonce)?.grant;
      held.delete(nonce);
      older.delete(message.key);
      const grant = own ?? slots.get(message.key);
      if (grant && keepsSlot({ settlement })) slots.set(message.key, grant);
      else slots.delete(message.key);
      if (!settlement.final && settlement.effect !== 'doubt') return;
      if (clock.monotonic() >= turnAt || current.length >= MOST_MARKS) turn();
      current.push({ message, grant, settlement, at: clock.monotonic() });
    },
    forget: ({ nonce }) => void held.delete(nonce),
    grantOf: ({ nonce }) => held.get(nonce)?.grant,
    held: () => [...held.values()],
    settled: () => [...older.values(), ...previous, ...current],
  };
}

/**
 * Whether the slot stays used after this settlement. A settlement changes a slot but creates none: if the slot was lost, its grant has
 * to be restored first.
 */
export const keepsSlot = ({ settlement }: Pick<Mark, 'settlement'>): boolean =>
  settlement?.effect === 'doubt' ||
  settlement?.effect === 'delivered' ||
  settlement?.final?.reason === 'unconfirmed';
