import type { Random } from '../clock.ts';
import type { Settlement } from '../ledger/types.ts';
import { type Deferral, type Disposition, RECIPIENT_CAUSES } from '../outcome.ts';

/** Delays of messages that wait without having spent an attempt. Milliseconds. */

const FIRST_RECHECK_MS = 200;
const LONGEST_RECHECK_MS = 5_000;
/** Messages that wait for the same boundary return spread over this span, or over a tenth of the wait if that is less. */
const SPREAD_MS = 60_000;

/**
 * When to look again at a slot that another send holds. It may be given back long before its deadline, so the looks
 * begin soon and grow apart.
 * @param pickups how often this message was picked up so far, from 1
 */
export function recheckMs(waitMs: number, pickups: number, random: Random): number {
  const growing = Math.min(LONGEST_RECHECK_MS, FIRST_RECHECK_MS * 2 ** Math.min(pickups - 1, 10));
  const delay = Math.min(waitMs + FIRST_RECHECK_MS, growing);
  return Math.ceil(delay * (0.5 + random() / 2));
}

/** When to come for a moment that is known: a window's start. Never before it. */
export function returnMs(waitMs: number, random: Random): number {
  return Math.ceil(waitMs + 1 + random() * Math.min(SPREAD_MS, waitMs / 10));
}

/** What is paused is looked at again in about a minute; a resume does not wait for it. */
const PAUSED_MS = 60_000;

/** For how long a message of a paused campaign waits: at its expiry it gets its final state. */
export const pausedMs = (expiresInMs: number): number => Math.max(1, Math.min(PAUSED_MS, expiresInMs));

/** A message must not be left waiting beyond its life: at its expiry it gets its final state. */
export function withinLife(next: Disposition, expiresInMs: number): Disposition {
  if (next.kind !== 'retry' && next.kind !== 'wait') return next;
  const leftMs = Math.max(1, expiresInMs);
  return next.delayMs > leftMs ? { ...next, delayMs: leftMs } : next;
}

/** Undefined for what does not wait, or has a moment of its own. */
export function deferralOf(next: Disposition): Deferral | undefined {
  switch (next.kind) {
    case 'wait':
    case 'rest':
      return next;
    case 'paused':
      return { reason: next.reason, cause: 'paused_campaign', delayMs: next.delayMs };
    case 'retry':
      return { reason: 'retry', cause: 'retry', delayMs: next.delayMs };
    default:
      return undefined;
  }
}

/**
 * What the gauges count of a message that will wait by itself.
 * @param since when the message began to wait
 * @param now store's clock, as `since`
 */
export function waitOf(next: Disposition, since: number, now: number): Settlement['wait'] {
  if (next.kind !== 'retry' && next.kind !== 'wait') return undefined;
  const untilMs = now + next.delayMs;
  if (next.kind === 'retry') return { cause: 'retry', untilMs, since };
  const kept = RECIPIENT_CAUSES.some((cause) => cause === next.cause);
  return { cause: next.cause, untilMs, since, ...(kept && { keptMs: next.delayMs }) };
}
