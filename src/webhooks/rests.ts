import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { type BreakerPolicy, breakerRestMs } from '../policies/breaker.ts';
import type { Answer } from './post.ts';

/**
 * Decides when requests to an endpoint may be sent: none while it rests, because it asked for that or its breaker is open, and after
 * the breaker's rest only one, the probe, until it is answered.
 */
export interface Rests {
  /** Resolves when a request may be sent; rejects when the signal aborts. Call `note` with the answer to each. */
  pass(signal: AbortSignal): Promise<void>;
  /** @returns how the answer changed the breaker; undefined if it did not */
  note(answer: Answer): 'opened' | 'closed' | undefined;
  /** How long no request may be sent, milliseconds; 0 or less if one may. */
  leftMs(): number;
}

export function createRests(policy: BreakerPolicy, clock: Pick<Clock, 'monotonic'>): Rests {
  let failures = 0;
  let opens = 0;
  let until = Number.NEGATIVE_INFINITY;
  let probe: { over: Promise<void>; end(): void } | undefined;

  function rest(ms: number): void {
    until = Math.max(until, clock.monotonic() + ms);
  }
  const leftMs = (): number => until - clock.monotonic();
  return {
    leftMs,
    async pass(signal) {
      for (;;) {
        signal.throwIfAborted();
        const left = leftMs();
        if (left > 0) await pause(left, undefined, { signal, ref: false });
        else if (opens > 0 && probe) await probe.over;
        else break;
      }
      if (opens > 0) probe = pending(signal);
    },
    note({ kind, restMs }) {
      probe?.end();
      probe = undefined;
      if (restMs !== undefined) rest(restMs);
      const wasOpen = opens > 0;
      if (kind !== 'failed') {
        failures = 0;
        opens = 0;
        return wasOpen ? 'closed' : undefined;
      }
      failures += 1;
      // A late answer to a request from before the breaker opened says nothing new.
      if (wasOpen && until > clock.monotonic()) return undefined;
      const openFor = breakerRestMs(policy, failures, opens);
      if (openFor === undefined) return undefined;
      opens += 1;
      rest(openFor);
      return wasOpen ? undefined : 'opened';
    },
  };
}

/** Over when it is answered, or when the signal aborts. */
function pending(signal: AbortSignal): { over: Promise<void>; end(): void } {
  let end = (): void => {};
  const over = new Promise<void>((resolve) => {
    end = () => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    signal.addEventListener('abort', end);
  });
  return { over, end };
}
