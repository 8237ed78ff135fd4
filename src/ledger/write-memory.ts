import type { Clock } from '../clock.ts';
import type { Grant, LedgerMessage, Settlement } from './types.ts';

/** What a worker wrote into the ledger: a grant, and how it ended. */
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
  /** A settlement that changed nothing. */
  forget(settlement: Settlement): void;
  /** The grant that a settlement is to end; undefined if this worker holds none of its nonce. */
  grantOf(settlement: Settlement): Grant | undefined;
  /** Grants that are not settled. */
  held(): Mark[];
  /** The oldest first: what ended lately, and before that those who keep a slot. */
  settled(): Mark[];
}

/** Two generations are kept of whatever ended: this one and the one before. */
const GENERATION_MS = 3_000;
/** A generation's worth of memory, some tens of megabytes, whatever the throughput. */
const MOST_MARKS = 20_000;
/**
 * Slots that were used are remembered for longer, since a FLUSHALL takes them all: this many, and for this long. About a
 * kilobyte each.
 */
const MOST_SLOTS = 20_000;
const SLOTS_FOR_MS = 6 * 3_600_000;
/** After a deadline a grant is no longer relied on; the clocks of worker and store may differ by seconds. */
const LAPSED_MS = 60_000;

export function createWriteMemory(clock: Clock): WriteMemory {
  /** Grants not yet settled, by nonce. */
  const held = new Map<string, Mark>();
  /** By message: what became of it last. */
  const older = new Map<string, Mark>();
  /** By message: the grant of the send that has its slot. A question, or a verdict on a doubt, ends it under another nonce. */
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

  /** Whatever its message was before is outdated. */
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

/** A settlement changes a slot and creates none: where the slot was lost, its grant has to be restored first. */
export const keepsSlot = ({ settlement }: Pick<Mark, 'settlement'>): boolean =>
  settlement?.effect === 'doubt' ||
  settlement?.effect === 'delivered' ||
  settlement?.final?.reason === 'unconfirmed';
