import type { Clock } from '../clock.ts';
import type { Delivery, InvalidEntry } from '../jobs/envelope.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { newNonce } from '../ledger/names.ts';
import type { DeadLetterSource, LedgerMessage, Settled, Settlement } from '../ledger/types.ts';
import type { DeliveryObserver, MessageRef } from '../observe/observer.ts';
import type { DeadReason, Disposition, FinalState } from '../outcome.ts';
import { recorded } from '../policies/verdict-plan.ts';
import { waitOf } from '../policies/waiting.ts';

/**
 * Writes a plan's result for a message into the ledger, reports a run that ended by it to the observer, and returns what that
 * makes of the message: the ledger may know better than the plan.
 */
export interface Settler {
  /** @param next what is to become of the message if the ledger agrees */
  settle(delivery: Delivery, planned: Planned, next: Disposition): Promise<Concluded>;
  /** What is not a message dies as `invalid_message`. */
  bury(entry: InvalidEntry): Promise<Disposition>;
  /** A message that no worker brings to a result dies as `stalled`, or as `unconfirmed` where a send of it is in doubt. */
  giveUp(delivery: Delivery, detail: string): Promise<Disposition>;
}

export type Planned = Omit<Settlement, 'message' | 'letter' | 'wait'>;

export interface Concluded {
  next: Disposition;
  settled: Settled;
}

export interface SettlerDeps {
  ledger: Ledger;
  observer: DeliveryObserver;
  clock: Pick<Clock, 'now'>;
}

/** A message in the ledger's words and in the observer's. */
interface Settling {
  ref: MessageRef;
  ledger: LedgerMessage;
  dueAt: number;
}

/** After a settlement that came too late: the holder of the record decides. */
const RECHECK: Disposition = { kind: 'wait', reason: 'slot_busy', delayMs: 250 };

export function createSettler({ ledger, observer, clock }: SettlerDeps): Settler {
  async function settle(
    { ref, ledger: message, dueAt }: Settling,
    settlement: Omit<Settlement, 'message'>,
    next: Disposition,
  ): Promise<Concluded> {
    const settled = await ledger.settle({ message, ...settlement });
    if (settled.status === 'first' && settlement.final)
      observeEnd(ref, dueAt, settled, settlement.final, next);
    return { settled, next: conclude(settled, settlement.final, next) };
  }

  /** Reported by the one that made the state final, so that it is counted once. */
  function observeEnd(
    message: MessageRef,
    dueAt: number,
    { run, attempts }: Settled,
    final: FinalState,
    next: Disposition,
  ): void {
    const detail = next.kind === 'dead' ? next.detail : undefined;
    const latencyMs = Math.max(0, clock.now() - dueAt);
    observer.finished({ message, run, attempts, final, detail, latencyMs });
  }

  /** An end without a request: the run is over by what is known of the message. */
  const end = (subject: Settling, letter: DeadLetterSource, reason: DeadReason): Promise<Concluded> =>
    settle(
      subject,
      { nonce: newNonce(), effect: 'none', final: { state: 'dead', reason }, letter },
      { kind: 'dead', reason, detail: letter.detail },
    );

  return {
    async settle(delivery, planned, next) {
      const letter = next.kind === 'dead' ? { ...delivery.source, detail: next.detail } : undefined;
      const wait = waitOf(next, delivery.dueAt, clock.now());
      return await settle(delivery, { ...planned, letter, wait }, next);
    },
    async bury({ ref, ledger: message, source, problem: detail }) {
      const subject = { ref, ledger: message, dueAt: clock.now() };
      return (await end(subject, { ...source, detail }, 'invalid_message')).next;
    },
    async giveUp(delivery, detail) {
      const letter = { ...delivery.source, detail };
      const { settled, next } = await end(delivery, letter, 'stalled');
      // An earlier send of it is in doubt, and that is how it ends.
      return settled.status === 'stale' ? (await end(delivery, letter, 'unconfirmed')).next : next;
    },
  };
}

/** What the ledger made of the plan decides. */
function conclude(settled: Settled, final: FinalState | undefined, next: Disposition): Disposition {
  switch (settled.status) {
    case 'first':
      return next;
    case 'known':
      return settled.final ? recorded(settled.final) : next;
    case 'stale':
      return RECHECK;
    case 'open':
    case 'doubt':
      return final ? RECHECK : next;
  }
}
