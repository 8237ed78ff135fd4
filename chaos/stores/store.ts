import type { Redis, RedisOptions } from 'ioredis';
import type { FaultyProxy } from '../../testing/faulty-proxy.ts';
import type { Failover } from '../failovers.ts';
import type { Forgetting } from '../forgetting.ts';
import type { Acts, StoreFault } from '../nemesis.ts';
import type { Orders } from '../producer.ts';
import type { Recovery } from '../recovery.ts';

/** The store of a run: watched for what it forgets without having been made to, and made to suffer what its kind suffers. */
export interface Store extends Way {
  openLink(): Promise<Link>;
  /** For looking at the keys of a channel; waits while they are away. */
  of(channel: string): Redis;
  readonly away: boolean;
  /** Counts that were acknowledged and not known after a restart: then the run is beyond what can be promised. */
  readonly unkept: number;
  /** What it was made to forget so far. */
  readonly forgettings: readonly Forgetting[];
  /** What a replica that took over had not got. */
  readonly failovers: readonly Failover[];
  /** What can be done to it. */
  acts(deps: StoreActDeps): Partial<Acts<StoreFault>>;
  close(): Promise<void>;
}

/** How the store is reached. */
export interface Way {
  /** The option `redis` of whoever goes this way. */
  readonly address: Address;
  /** A client for the keys of a channel, which connects again whenever it loses the store. The caller disconnects it. */
  connect(channel: string, options?: RedisOptions): Redis;
}
export type Address = string;

/** A way that breaks as networks do. */
export interface Link extends Way, Pick<FaultyProxy, 'loseAnswer' | 'cut' | 'halfOpen' | 'delay' | 'close'> {}

export interface StoreActDeps {
  orders: Pick<Orders, 'sendAgain'>;
  fleet: { readonly recovery: Pick<Recovery, 'away'> };
  /** Counts what was done, by kind. */
  count(kind: string, times?: number): void;
  pause(ms: number): Promise<void>;
  signal: AbortSignal;
}
