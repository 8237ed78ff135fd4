import type { Clock } from '../clock.ts';
import type { Topology } from './topology.ts';

/** ioredis' `reconnectOnError`: true for an answer which shows that another server is needed. The command was not executed. */
export type ReconnectOnError = (error: Error) => boolean;

const PACE_MS = 1_000;

/** True at most once a second, since reconnecting may reach the same server. */
function paced(clock: Pick<Clock, 'monotonic'>): () => boolean {
  let at = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.monotonic() - at < PACE_MS) return false;
    at = clock.monotonic();
    return true;
  };
}

/**
 * A primary that was demoted to a replica keeps its connections open and refuses all writes on them. Reconnecting reaches the
 * new primary through DNS, a proxy or Sentinel.
 */
export function reconnectWhenDemoted(clock: Pick<Clock, 'monotonic'>): ReconnectOnError {
  const isDue = paced(clock);
  return ({ message }) => /^(?:READONLY|MASTERDOWN) /.test(message) && isDue();
}

const MOVED = /^MOVED (\d+) (.*):(\d+)$/;

/** As `reconnectWhenDemoted`, in a cluster: also if the slot has moved, or the node is cut off from the others. */
export function reconnectToMaster(topology: Topology, clock: Pick<Clock, 'monotonic'>): ReconnectOnError {
  const isDue = paced(clock);
  return ({ message }) => {
    const [, slot, host, port] = MOVED.exec(message) ?? [];
    if (slot === undefined && !/^(?:READONLY|MASTERDOWN|CLUSTERDOWN) /.test(message)) return false;
    if (!isDue()) return false;
    topology.forget();
    // A node that announces no address is found by asking.
    if (slot !== undefined && host && host !== '?')
      topology.learn(Number(slot), { host, port: Number(port) });
    return true;
  };
}
