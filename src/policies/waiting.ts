import type { Random } from '../clock.ts';
import type { Settlement } from '../ledger/types.ts';
import { type Deferral, type Disposition, RECIPIENT_CAUSES } from '../outcome.ts';

/** Delays of messages that wait without having spent an attempt. Milliseconds. */

const FIRST_RECHECK_MS = 200;
const LONGEST_RECHECK_MS = 5_000;
/** Messages that wait for the same instant return spread over this span, or over a tenth of the wait if that is less. */
const SPREAD_MS = 60_000;

/**
 * How long to wait before looking again at a slot that another send holds. The slot may become free long before that send's deadline,
 * so the first look comes soon, and each further one after a longer wait.
 * @param waitMs until the deadline
 * @param pickups how often this message was picked up so far, from 1
 */
export function recheckMs(waitMs: number, pickups: number, random: Random): number {
  const growing = Math.min(LONGEST_RECHECK_MS, FIRST_RECHECK_MS * 2 ** Math.min(pickups - 1, 10));
  const delay = Math.min(waitMs + FIRST_RECHECK_MS, growing);
  return Math.ceil(delay * (0.5 + random() / 2));
}

/** How long to wait for an instant that is known, such as a window's start. Never less than `waitMs`, the time until then. */
export function returnMs(waitMs: number, random: Random): number {
  return Math.ceil(waitMs + 1 + random() * Math.min(SPREAD_MS, waitMs / 10));
}

/** How often a paused campaign's messages come up; a resume does not wait for that. */
const PAUSED_MS = 60_000;

/** For how long a message of a paused campaign waits: at its expiry it gets its final state. */
export const pausedMs = (expiresInMs: number): number => Math.max(1, Math.min(PAUSED_MS, expiresInMs));

/** A message must not be left waiting beyond its life: at its expiry it gets its final state. */
export function withinLife(next: Disposition, expiresInMs: number): Disposition {
  if (next.kind !== 'retry' && next.kind !== 'wait') return next;
  const leftMs = Math.max(1, expiresInMs);
  return next.delayMs > leftMs ? { ...next, delayMs: leftMs } : next;
}

/** The wait that is reported; undefined for a message that does not wait, or only for its own `sendAt`. */
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
 * The wait that the gauges count, of a message that waits alone; undefined if it does not.
 * @param since when the message began to wait
 * @param now both by the store's clock
 */
export function waitOf(next: Disposition, since: number, now: number): Settlement['wait'] {
  if (next.kind !== 'retry' && next.kind !== 'wait') return undefined;
  const untilMs = now + next.delayMs;
  if (next.kind === 'retry') return { cause: 'retry', untilMs, since };
  const kept = RECIPIENT_CAUSES.some((cause) => cause === next.cause);
  return { cause: next.cause, untilMs, since, ...(kept && { keptMs: next.delayMs }) };
}
