import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Grant, LedgerMessage, Settled, Settlement } from './entries.ts';
import { type Ledger, refusedByStore } from './ledger.ts';
import { newNonce } from './names.ts';
import { reasonCode } from './reasons.ts';
import { loadScript } from './script.ts';
import { behindGate, type StoreWatch } from './store-watch.ts';

/**
 * Remembers what this worker wrote into the ledger lately, and writes it again into a store that may have lost it: the
 * grants of sends that are under way, in doubt or delivered, then the settlements (which are safe to repeat).
 */
export interface MarkOptions {
  redis: Redis;
  base: string;
  store: StoreWatch;
  clock: Clock;
  onReasserted(counts: Record<string, number>): void;
}

const reassertScript = loadScript('reassert.lua');
const REASONS = JSON.stringify({ unconfirmed: reasonCode('unconfirmed') });

/** Longer than Redis takes to sync an append-only file every second. Two generations are kept: this one and the one before. */
const GENERATION_MS = 3_000;
/** A generation's worth of memory, some tens of megabytes, whatever the throughput. */
const MOST_MARKS = 20_000;
const BATCH = 100;
/** After a deadline nobody relies on a grant; the clocks of worker and store may differ by seconds. */
const LAPSED_MS = 60_000;

interface Mark {
  message: LedgerMessage;
  grant?: Grant | undefined;
  settlement?: Settlement | undefined;
}

export function withRecentMarks(ledger: Ledger, options: MarkOptions): Ledger {
  const { store, clock } = options;
  /** Grants not yet settled, by nonce. */
  const held = new Map<string, Mark>();
  let current: Mark[] = [];
  let previous: Mark[] = [];
  let turnAt = clock.monotonic() + GENERATION_MS;

  function remember(mark: Mark): void {
    if (clock.monotonic() >= turnAt || current.length >= MOST_MARKS) {
      previous = current;
      current = [];
      turnAt = clock.monotonic() + GENERATION_MS;
      forgetLapsed();
    }
    current.push(mark);
  }

  /** Grants that were never settled: the record tells their end by itself. */
  function forgetLapsed(): void {
    const longAgo = clock.now() - LAPSED_MS;
    for (const [nonce, { grant }] of held) if (grant && grant.deadlineAt < longAgo) held.delete(nonce);
  }

  store.onChange(async () => {
    const settled = [...previous, ...current];
    const grants = [...held.values(), ...settled.filter(({ settlement }) => keepsSlot(settlement))];
    const counts: Record<string, number> = {};
    for (let i = 0; i < grants.length; i += BATCH) {
      const entries = grants.slice(i, i + BATCH).flatMap(markEntry);
      const args = [REASONS, JSON.stringify(entries)];
      const told = await unlessUnreadable(reassertScript.run(options.redis, [options.base], args));
      const answers = (told as string[] | undefined) ?? entries.map(() => 'unreadable');
      for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
    }
    await Promise.all(
      settled.map(({ settlement }) => settlement && unlessUnreadable(ledger.settle(settlement))),
    );
    options.onReasserted({ ...counts, settlements: settled.length });
  });

  return {
    async admit(message, nonce = newNonce()) {
      const admitted = await behindGate(store, () => ledger.admit(message, nonce));
      const { verdict } = admitted;
      if (verdict.kind === 'granted' && verdict.grant.kind === 'grant') {
        held.set(admitted.nonce, { message, grant: verdict.grant });
      }
      return admitted;
    },
    async settle(settlement): Promise<Settled> {
      const settled = await behindGate(store, () => ledger.settle(settlement));
      const grant = held.get(settlement.nonce)?.grant;
      held.delete(settlement.nonce);
      if (settlement.final || settlement.effect === 'doubt') {
        // What is counted or counts from now must not be told twice.
        const again = { ...settlement, wait: undefined, health: undefined, rest: undefined };
        remember({ message: settlement.message, grant, settlement: again });
      }
      return settled;
    },
  };
}

/** What is damaged in the store fails whoever needs it. Other messages, and other channels, must not wait for it. */
async function unlessUnreadable<T>(telling: Promise<T>): Promise<T | undefined> {
  try {
    return await telling;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return undefined;
  }
}

/** A script came upon something else than it had written; a store that takes no writes has codes of its own for it. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof Error && refusedByStore(error) && /^(?:ERR|WRONGTYPE) /.test(error.message);

/** A settlement changes a slot and makes none: where the slot was lost, its grant has to be told first. */
const keepsSlot = (settlement: Settlement | undefined): boolean =>
  settlement?.effect === 'doubt' || settlement?.effect === 'delivered';

function markEntry({ message, grant }: Mark): object[] {
  if (!grant) return [];
  return [
    {
      m: message.key,
      n: grant.nonce,
      e: message.expiresAt,
      r: message.recipient,
      run: grant.run,
      attempts: grant.spent,
      waived: grant.attempt - grant.spent,
      born: Number(grant.born),
      deadline: grant.deadlineAt,
      doubtAt: grant.doubtAt,
      window: grant.windowEnd,
    },
  ];
}
