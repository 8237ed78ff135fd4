import type { Disposition } from '../outcome.ts';

/** What the queue does with a job. */
export type Verb =
  /** Every message of it has its end. */
  | { kind: 'complete' }
  /** It comes up again then, and no sooner: milliseconds since the epoch, store's clock. */
  | { kind: 'delay'; until: number }
  /** It goes back to the front of a queue that hands out nothing for this long. */
  | { kind: 'rest'; delayMs: number }
  /** It goes back to the front, for the next worker. */
  | { kind: 'hand_back' };

/**
 * Turns what becomes of a job's messages into one verb for the job. A job that comes up again brings all its messages along:
 * those that are done meet their own records and are not sent again, and none of the others may come up sooner than it is
 * to, so the job waits for the last of them. Pure.
 * @param now by the store's clock: delays count from it
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
  /** The message waits by itself, and not with its whole channel. */
  alone: boolean;
}

function waitOf(disposition: Disposition, now: number): Wait | undefined {
  switch (disposition.kind) {
    case 'retry':
    case 'wait':
      return { delayMs: disposition.delayMs, alone: true };
    case 'schedule':
      return { delayMs: disposition.at - now, alone: true };
    case 'rest':
      return { delayMs: disposition.delayMs, alone: false };
    case 'complete':
    case 'dead':
    case 'hand_back':
      return undefined;
  }
}
