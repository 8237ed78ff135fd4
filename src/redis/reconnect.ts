import type { Clock } from '../clock.ts';

const PACE_MS = 1_000;

/**
 * ioredis' `reconnectOnError`: a primary that was demoted to a replica keeps its connections open and refuses all writes on
 * them. Reconnecting reaches the new primary through DNS, a proxy or Sentinel; at most once a second, since it may reach
 * the same server.
 */
export function reconnectWhenDemoted(clock: Pick<Clock, 'monotonic'>): (error: Error) => boolean {
  let at = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    if (!/^(?:READONLY|MASTERDOWN) /.test(message) || clock.monotonic() - at < PACE_MS) return false;
    at = clock.monotonic();
    return true;
  };
}
