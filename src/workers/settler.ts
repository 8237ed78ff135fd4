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
 * Writes the result of a plan to the ledger, reports a run that ended to the observer, and returns the disposition, which
 * may differ from the planned one if the ledger knows more.
 */
export interface Settler {
  /** @param next the planned disposition */
  settle(delivery: Delivery, planned: Planned, next: Disposition): Promise<Concluded>;
  /** Reports a message that was cancelled, which is final already, as ended: by the first worker that meets it. */
  reportCancelled(delivery: Delivery, ended: Pick<Settled, 'run' | 'attempts'>): void;
  /** Ends an invalid entry as dead, `invalid_message`. */
  bury(entry: InvalidEntry): Promise<Disposition>;
  /** Ends a message that stalls too often as dead, `stalled`, or `unconfirmed` if a send of it is in doubt. */
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

/** A message as the ledger and as the observer identify it. */
interface Settling {
  ref: MessageRef;
  ledger: LedgerMessage;
  dueAt: number;
}

/** The disposition after a settlement that was too late: the holder of the record decides. */
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

  /** Only the settlement that made the state final reports it, so that it is counted once. */
  function observeEnd(
    message: MessageRef,
    dueAt: number,
    { run, attempts }: Pick<Settled, 'run' | 'attempts'>,
    final: FinalState,
    next: Disposition,
  ): void {
    const detail = next.kind === 'dead' ? next.detail : undefined;
    const latencyMs = Math.max(0, clock.now() - dueAt);
    observer.finished({ message, run, attempts, final, detail, latencyMs });
  }

  /** Ends a run without a request. */
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
    reportCancelled({ ref, dueAt }, ended) {
      const final: FinalState = { state: 'suppressed', reason: 'cancelled' };
      observeEnd(ref, dueAt, ended, final, { kind: 'complete', final });
    },
    async bury({ ref, ledger: message, source, problem: detail }) {
      const subject = { ref, ledger: message, dueAt: clock.now() };
      return (await end(subject, { ...source, detail }, 'invalid_message')).next;
    },
    async giveUp(delivery, detail) {
      const letter = { ...delivery.source, detail };
      const { settled, next } = await end(delivery, letter, 'stalled');
      // An earlier send of it is in doubt, so it ends as unconfirmed.
      return settled.status === 'stale' ? (await end(delivery, letter, 'unconfirmed')).next : next;
    },
  };
}

/** The status from the ledger decides. */
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
