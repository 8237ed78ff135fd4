import type { Disposition } from '../outcome.ts';

/** The operation on a job. */
export type Verb =
  /** Every message of it has ended. */
  | { kind: 'complete' }
  /** Delays it until then: milliseconds since the epoch, store's clock. */
  | { kind: 'delay'; until: number }
  /** Puts it back at the front of the queue, and rate limits the queue for this long. */
  | { kind: 'rest'; delayMs: number }
  /** Puts it back at the front of the queue, for the next worker. */
  | { kind: 'hand_back' };

/**
 * Folds the dispositions of the messages that a job still carries into one verb for the job. Messages that wait alone have
 * left a job of many; if the only one of a job does, the job is delayed. Pure.
 * @param now by the store's clock; delays are relative to it
 */
export function foldDispositions(dispositions: readonly Disposition[], now: number): Verb {
  const waits = dispositions.map((each) => waitOf(each, now)).filter((wait) => wait !== undefined);
  const delayMs = Math.max(...waits.map((wait) => wait.delayMs));
  if (waits.some(({ alone }) => alone)) return { kind: 'delay', until: now + delayMs };
  if (waits.length > 0) return { kind: 'rest', delayMs };
  return { kind: dispositions.some(({ kind }) => kind === 'hand_back') ? 'hand_back' : 'complete' };
}

interface Wait {
  delayMs: number;
  /** Whether only the message, or its campaign, waits and not its whole channel. */
  alone: boolean;
}

function waitOf(disposition: Disposition, now: number): Wait | undefined {
  switch (disposition.kind) {
    case 'retry':
    case 'wait':
    case 'paused':
      return { delayMs: disposition.delayMs, alone: true };
    case 'schedule':
      return { delayMs: disposition.at - now, alone: true };
    case 'rest':
      return { delayMs: disposition.delayMs, alone: false };
    case 'complete':
    case 'dead':
    case 'hand_back':
    case 'moved':
      return undefined;
  }
}
