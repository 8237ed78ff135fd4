import type { Random } from '../clock.ts';
import type { Verdict } from '../ledger/types.ts';
import type {
  DeadReason,
  Disposition,
  FinalState,
  SuppressedReason,
  WAIT_CAUSES,
  WaitCause,
} from '../outcome.ts';
import { STOPPED_REST_MS } from './attempt-plan.ts';
import { pausedMs, recheckMs, returnMs } from './waiting.ts';

/** What a verdict other than `granted` means for the message. Pure. */
export interface VerdictPlan {
  /** Written to the ledger, with a receipt, when the run ends by this verdict. */
  final?: FinalState;
  next: Disposition;
}

export interface VerdictContext {
  onQuota: 'drop' | 'defer';
  /** Until the message expires, by the store's time. */
  expiresInMs: number;
  /** How often the job was picked up so far, from 1. */
  pickups: number;
  random: Random;
}

type SlotCause = (typeof WAIT_CAUSES.slot_busy)[number];

type Refusal = Exclude<Verdict, { kind: 'granted' }>;

const DETAILS: Record<'exhausted' | 'unconfirmed', string> = {
  exhausted: 'every attempt failed',
  unconfirmed: 'a send may have arrived, and nothing can confirm it',
};

export function planVerdict(verdict: Refusal, context: VerdictContext): VerdictPlan {
  switch (verdict.kind) {
    case 'known':
      return { next: recorded(verdict.final) };
    case 'duplicate':
      return { next: { kind: 'complete', final: { state: 'suppressed', reason: 'duplicate' } } };
    case 'cancelled':
      return { next: { kind: 'complete', final: { state: 'suppressed', reason: 'cancelled' } } };
    case 'expired':
    case 'ineligible':
      return suppressed(verdict.kind);
    case 'withdrawn':
      return suppressed('cancelled');
    case 'paused':
      return { next: paused(context.expiresInMs) };
    case 'exhausted':
    case 'unconfirmed':
      return dead(verdict.kind);
    case 'early':
      return { next: { kind: 'schedule', at: verdict.at } };
    case 'quota':
      return overQuota(verdict.waitMs, context);
    case 'busy': {
      const delayMs = recheckMs(verdict.waitMs, context.pickups, context.random);
      return waiting(verdict.slot ? 'recipient_busy' : 'proof', delayMs, context);
    }
    case 'boundary':
      return waiting('window_end', returnMs(verdict.waitMs, context.random), context);
    case 'resting': {
      const { reason, cause, waitMs } = verdict;
      return { next: { kind: 'rest', reason, cause, delayMs: Math.max(1, waitMs) } };
    }
    case 'policy_changed':
      return { next: { kind: 'hand_back' } };
    case 'stopped':
      return {
        next: { kind: 'rest', reason: 'channel_stopped', cause: 'stopped', delayMs: STOPPED_REST_MS },
      };
  }
}

/** What a message waits for after this verdict; undefined where it does not wait. */
export function causeOf(verdict: Verdict): WaitCause | undefined {
  switch (verdict.kind) {
    case 'quota':
      return 'quota';
    case 'busy':
      return verdict.slot ? 'recipient_busy' : 'proof';
    case 'boundary':
      return 'window_end';
    case 'resting':
      return verdict.cause;
    case 'stopped':
      return 'stopped';
    case 'paused':
      return 'paused_campaign';
    case 'granted':
    case 'known':
    case 'cancelled':
    case 'duplicate':
    case 'withdrawn':
    case 'early':
    case 'expired':
    case 'exhausted':
    case 'unconfirmed':
    case 'ineligible':
    case 'policy_changed':
      return undefined;
  }
}

/** Rule 1: the message has ended before, so this pickup only repeats its end. */
export function recorded(final: FinalState): Disposition {
  if (final.state !== 'dead') return { kind: 'complete', final };
  return { kind: 'dead', reason: final.reason, detail: 'recorded before this pickup of the job' };
}

/** The disposition of a message whose campaign is paused. */
export const paused = (expiresInMs: number): Extract<Disposition, { kind: 'paused' }> => ({
  kind: 'paused',
  reason: 'campaign_paused',
  delayMs: pausedMs(expiresInMs),
});

function suppressed(reason: SuppressedReason): VerdictPlan {
  const final: FinalState = { state: 'suppressed', reason };
  return { final, next: { kind: 'complete', final } };
}

function dead(reason: Extract<DeadReason, 'exhausted' | 'unconfirmed'>): VerdictPlan {
  return { final: { state: 'dead', reason }, next: { kind: 'dead', reason, detail: DETAILS[reason] } };
}

function overQuota(waitMs: number, context: VerdictContext): VerdictPlan {
  if (context.onQuota === 'drop' || waitMs >= context.expiresInMs) return suppressed('quota');
  return waiting('quota', returnMs(waitMs, context.random), context);
}

/** A message never waits beyond its expiry, at which it gets its final state. */
function waiting(cause: SlotCause, delayMs: number, { expiresInMs }: VerdictContext): VerdictPlan {
  const capped = Math.max(1, Math.min(delayMs, expiresInMs));
  return { next: { kind: 'wait', reason: 'slot_busy', cause, delayMs: capped } };
}
