import type { ChannelStore } from '../redis/channel-store.ts';
import { newNonce } from './names.ts';
import { loadScript } from './script.ts';

/**
 * The history of a channel's store that a worker relies on. Every admission names its epoch, and the script refuses an epoch that the
 * store has forgotten, or that belongs to another history (`epoch.lua`).
 */
export interface Epoch {
  /** Undefined before the first `join`. */
  current(): string | undefined;
  /**
   * Call when everything has been restored to the store: from then on this worker relies on its history.
   * @param anew whether another server answers than before: if the epoch is missing, that was a failover then and no FLUSHALL
   */
  join(anew?: boolean): Promise<Joined>;
  /** What the store has lost of the history that was joined. Call before anything is restored to it. */
  lost(): Promise<Loss>;
  /** Whether the store still has the history that was joined. Costs one GET. */
  holds(replicationId: string): Promise<boolean>;
}

/** `same`: nothing happened. `new`: a store that was never used. */
export type EpochCause = 'same' | 'new' | 'flushed' | 'failover';

/** `end`: its latest writes, by a failover or a restart. `all`: by a FLUSHALL, or because another store is there. */
export type Loss = 'nothing' | 'end' | 'all';

export interface Joined {
  cause: EpochCause;
  /** For how long nothing is admitted, so that all workers have time to notice and to restore their writes. Milliseconds. */
  holdMs: number;
}

/** The store does not know the epoch that an admission named. Nothing was admitted. */
export class EpochLostError extends Error {
  override readonly name = 'EpochLostError';
  readonly epoch: string;
  constructor(epoch: string) {
    super('the store has lost writes that it had acknowledged');
    this.epoch = epoch;
  }
}

/**
 * Several times as long as a worker takes to notice, by a check of its failover detector or as its connection opens again: a machine
 * that is short of processor time runs its timers late.
 */
const HOLD_MS = 4_000;

const joinScript = loadScript('join-epoch.lua');
const lostScript = loadScript('lost-writes.lua');

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
    lost: async () => (await store.run(lostScript, [current ?? ''])) as Loss,
    async holds(replicationId) {
      if (current === undefined) return true;
      const stored = await store.redis.get(store.keys.epoch);
      return stored?.startsWith(`${current} ${replicationId} `) ?? false;
    },
  };
}
