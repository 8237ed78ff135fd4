import type { ChannelStore } from '../redis/channel-store.ts';
import { newNonce } from './names.ts';
import { loadScript } from './script.ts';

/**
 * A worker's knowledge of the store's history, a channel's worth: every admission names the epoch that it relies on, and
 * the script refuses one that the store has forgotten, or that belongs to another history (`epoch.lua`).
 */
export interface Epoch {
  /** Undefined before the first `join`. */
  current(): string | undefined;
  /**
   * To be called when everything has been restored to the store: from then on its history is this worker's.
   * @param anew whether another server answers than before: then it is no FLUSHALL that took the epoch
   */
  join(anew?: boolean): Promise<Joined>;
  /** Whether the store still is the one that was joined: a look of one GET. */
  holds(replicationId: string): Promise<boolean>;
}

/** `same`: nothing happened. `new`: a store that was never used. */
export type EpochCause = 'same' | 'new' | 'flushed' | 'failover';

export interface Joined {
  cause: EpochCause;
  /** Until all workers had the time to notice and to restore: nothing is admitted before. Milliseconds. */
  holdMs: number;
}

/** The store did not know the epoch that an admission named: nothing was admitted. */
export class EpochLostError extends Error {
  override readonly name = 'EpochLostError';
  readonly epoch: string;
  constructor(epoch: string) {
    super('the store has lost writes that it had acknowledged');
    this.epoch = epoch;
  }
}

/**
 * Several times as long as a worker takes to notice (one look of `createFailoverDetector`, or a connection opened again): a machine that is
 * short of processor time runs its timers late.
 */
const HOLD_MS = 4_000;

const joinScript = loadScript('join-epoch.lua');

export function createEpoch(store: ChannelStore): Epoch {
  let current: string | undefined;
  return {
    current: () => current,
    async join(anew = false) {
      const missing = anew ? 'failover' : 'flushed';
      const request = JSON.stringify({ known: current, fresh: newNonce(), hold: HOLD_MS, missing });
      const reply = await store.run(joinScript, [request]);
      const [token, holdMs, cause] = reply as [string, number, EpochCause];
      current = token;
      return { cause, holdMs };
    },
    async holds(replicationId) {
      if (current === undefined) return true;
      const stored = await store.redis.get(store.keys.epoch);
      return stored?.startsWith(`${current} ${replicationId} `) ?? false;
    },
  };
}
