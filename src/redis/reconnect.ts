import type { Clock } from '../clock.ts';

const PACE_MS = 1_000;

/**
 * ioredis' `reconnectOnError`: a primary that became a replica keeps its connections, and refuses every write on them for
 * ever. A new one leads to the new primary, where a name, a proxy or a Sentinel does; at most one a second, since it may
 * lead to the same.
 */
export function reconnectWhenDemoted(clock: Pick<Clock, 'monotonic'>): (error: Error) => boolean {
  let at = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    if (!/^(?:READONLY|MASTERDOWN) /.test(message) || clock.monotonic() - at < PACE_MS) return false;
    at = clock.monotonic();
    return true;
  };
}
