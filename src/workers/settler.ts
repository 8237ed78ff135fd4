import type { Clock } from '../clock.ts';
import { type Delivery, type InvalidEntry, letterOf } from '../jobs/envelope.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { newNonce } from '../ledger/names.ts';
import type { DeadLetterSource, Effect, LedgerMessage, Settled, Settlement } from '../ledger/types.ts';
import type { DeliveryObserver, MessageRef } from '../observe/observer.ts';
import type { DeadReason, Disposition, FinalState } from '../outcome.ts';
import type { Plan } from '../policies/attempt-plan.ts';
import { recorded } from '../policies/verdict-plan.ts';
import { waitOf } from '../policies/waiting.ts';

/**
 * Writes what was planned to the ledger, and reports a run that ends to the observer. The disposition that it returns may differ from
 * the planned one, because the ledger may know more than this worker.
 */
export interface Settler {
  /** @param next the planned disposition */
  settle(delivery: Delivery, nonce: string, planned: Planned, next: Disposition): Promise<Concluded>;
  /** Reports the end of a cancelled message. It was final before; the first worker that meets it reports it. */
  reportCancelled(delivery: Delivery, ended: Pick<Settled, 'run' | 'attempts'>): void;
  /** Ends an invalid entry as dead, `invalid_message`. */
  endInvalid(entry: InvalidEntry): Promise<Disposition>;
  /** Ends a message that stalls too often as dead, `stalled`, or `unconfirmed` if a send of it is in doubt. */
  giveUp(delivery: Delivery, detail: string): Promise<Disposition>;
}

/** What a verdict or an attempt led to. */
export interface Planned {
  effect: Effect;
  final?: FinalState | undefined;
  marks?: Plan['marks'] | undefined;
  platformMessageId?: string | undefined;
  /** Whether it follows from an attempt, which was reported. */
  attempted: boolean;
  /** For how long, by its grant, the recipient has kept the message waiting; 0 when absent. */
  keptMs?: number | undefined;
  /** When the window of its grant's slot ends; 0 or absent without one. */
  windowEnd?: number | undefined;
}

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

interface End {
  settled: Pick<Settled, 'run' | 'attempts'>;
  final: FinalState;
  next: Disposition;
  attempted: boolean;
  keptMs?: number | undefined;
}

/** The disposition after a settlement that came too late: another worker holds the record by now. The message is looked at again. */
const RECHECK: Disposition = { kind: 'wait', reason: 'slot_busy', cause: 'proof', delayMs: 250 };

export function createSettler({ ledger, observer, clock }: SettlerDeps): Settler {
  function settle(
    { ref, dueAt }: Settling,
    settlement: Settlement,
    planned: Omit<End, 'settled' | 'final'>,
  ): Promise<Concluded> {
    return ledger.settle(settlement).then((settled) => {
      const { final } = settlement;
      const { next } = planned;
      // Only the settlement that made the state final reports it, so that it is counted once.
      if (settled.status === 'first' && final) {
        const { attempted, keptMs } = planned;
        observeEnd(ref, dueAt, { settled, final, next, attempted, keptMs });
      }
      return { settled, next: conclude(settled, final, next) };
    });
  }

  function observeEnd(message: MessageRef, dueAt: number, end: End): void {
    const { final, next, attempted, keptMs } = end;
    const { run, attempts } = end.settled;
    const detail = next.kind === 'dead' ? next.detail : undefined;
    const latencyMs = Math.max(0, clock.now() - dueAt);
    observer.finished({ message, run, attempts, final, detail, attempted, latencyMs, keptMs });
  }

  /** Ends a run without a request. */
  function end(subject: Settling, letter: DeadLetterSource, reason: DeadReason): Promise<Concluded> {
    const { ledger: message } = subject;
    const final: FinalState = { state: 'dead', reason };
    const settlement: Settlement = { message, nonce: newNonce(), effect: 'none', final, letter };
    const next: Disposition = { kind: 'dead', reason, detail: letter.detail };
    return settle(subject, settlement, { next, attempted: false });
  }

  return {
    settle(delivery, nonce, planned, next) {
      const { effect, windowEnd, final, marks, platformMessageId, attempted, keptMs } = planned;
      const settlement: Settlement = {
        message: delivery.ledger,
        nonce,
        effect,
        windowEnd,
        final,
        platformMessageId,
        foreign: marks?.foreign,
        refused: marks?.refused,
        health: marks?.health,
        rest: marks?.rest,
        stop: marks?.stop,
        letter: next.kind === 'dead' ? letterOf(delivery.source, next.detail) : undefined,
        wait: final ? undefined : waitOf(next, delivery.dueAt, clock.now()),
      };
      return settle(delivery, settlement, { next, attempted, keptMs });
    },
    reportCancelled({ ref, dueAt }, settled) {
      const final: FinalState = { state: 'suppressed', reason: 'cancelled' };
      observeEnd(ref, dueAt, { settled, final, next: { kind: 'complete', final }, attempted: false });
    },
    async endInvalid({ ref, ledger: message, source, problem: detail }) {
      const subject = { ref, ledger: message, dueAt: clock.now() };
      return (await end(subject, letterOf(source, detail), 'invalid_message')).next;
    },
    async giveUp(delivery, detail) {
      const letter = letterOf(delivery.source, detail);
      const { settled, next } = await end(delivery, letter, 'stalled');
      // `stale` means that an earlier send of it is in doubt: it ends as unconfirmed.
      return settled.status === 'stale' ? (await end(delivery, letter, 'unconfirmed')).next : next;
    },
  };
}

/** What becomes of the message, by the ledger's status. */
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
