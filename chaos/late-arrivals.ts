import type { Write } from '../testing/worker-protocol.ts';
import { channelOf, QUIET_MS, TIMEOUT_MS } from './channels.ts';
import type { LateWrites } from './late-writes.ts';

/** Tells which requests arrived later than the guarantee needs, which a run's own proxies and platforms do on a busy machine. */
export interface LateArrivals {
  written(write: Write): void;
  isLate: LateWrites;
}

export function createLateArrivals(): LateArrivals {
  const writes = new Map<string, number[]>();
  return {
    written({ message, at }) {
      writes.set(message, [...(writes.get(message) ?? []), at]);
    },
    isLate(channel, { at }, id) {
      const before = writes.get(`${channel} ${id}`)?.filter((write) => write <= at) ?? [];
      return before.length > 0 && at > Math.max(...before) + withinMs(channel);
    },
  };
}

/** A grant lasts no longer than a request's timeout, of which some is over when it is written. */
function withinMs(channel: string): number {
  const { rule } = channelOf(channel);
  return rule.kind === 'confirmable' ? TIMEOUT_MS + QUIET_MS : TIMEOUT_MS;
}
