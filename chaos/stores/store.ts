import type { Redis, RedisOptions } from 'ioredis';
import type { RedisAddress } from '../../src/redis/address.ts';
import type { RedisOption } from '../../src/redis/option.ts';
import type { FaultyProxy } from '../../testing/faulty-proxy.ts';
import type { NatMap } from '../../testing/worker-protocol.ts';
import type { Failover } from '../failovers.ts';
import type { Forgetting } from '../forgetting.ts';
import type { Acts, StoreFault } from '../nemesis.ts';
import type { Orders } from '../producer.ts';
import type { Recovery } from '../recovery.ts';

/** The store of a run: watched for what it forgets without having been made to, and made to suffer what its kind suffers. */
export interface Store extends Way {
  openLink(): Promise<Link>;
  /** For looking at the keys of a store of a channel; waits while they are away. */
  of(store: string): Redis;
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
  /** Of herald.yaml. */
  readonly address: RedisAddress;
  /** Addresses that a worker process uses in place of those that a cluster announces. */
  readonly natMap?: NatMap | undefined;
  /** The option `redis` of whoever goes this way in this process. */
  readonly option: RedisOption;
  /** A client for the keys of a store of a channel, which connects again whenever it loses it. The caller disconnects it. */
  connect(store: string, options?: RedisOptions): Redis;
}

/** Commands wait while the store is away. */
export const PATIENT = { maxRetriesPerRequest: null, retryStrategy: () => 100 } as const;

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
