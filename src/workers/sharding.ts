import type { ChannelConfig } from '../config/channel-schema.ts';
import { type ChannelHolds, createChannelHolds } from '../ledger/channel-holds.ts';
import { createRateLease, type RateLease } from '../ledger/rate-lease.ts';
import { createShardAdmission, type ShardAdmission } from '../ledger/shard-admission.ts';
import { behindGate, behindRestore, type FailoverDetector } from '../ledger/store-gate.ts';
import type { Logger } from '../observe/log.ts';
import { AHEAD_MS, longestGrantMs } from '../policies/admission.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeNames } from '../redis/shards.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import type { Margin } from './margin.ts';
import type { WorkerStores } from './worker-stores.ts';

/** What the shards of a channel share in this process: what holds for the channel, and its rate. */
export interface Sharding {
  holds: ChannelHolds;
  admission: ShardAdmission;
}

export interface ShardingDeps {
  stores: WorkerStores;
  /** Fingerprint of the channel's credentials. */
  credentials: string;
  /** The channel's; undefined without one. */
  rate: RateLease | undefined;
  clock: StoreClock;
  logger: Logger;
}

/** Leases of the channel's rate, from its only store or its home. */
export function createChannelRate(
  name: string,
  { stores, margin, clock }: Pick<ShardingDeps, 'stores' | 'clock'> & { margin: Margin },
): RateLease {
  const home = waitingFor(stores.of(name).watch, stores.ledgers.of(name));
  return createRateLease({ home, spacing: margin.spacing, furthestMs: AHEAD_MS, clock });
}

/** Undefined for a channel of one store. */
export function createSharding(
  channel: ChannelConfig,
  { stores, credentials, rate, clock, logger }: ShardingDeps,
): Sharding | undefined {
  const { name, shards } = channel;
  if (shards === undefined) return undefined;
  const home = stores.ledgers.of(name);
  const { watch } = stores.of(name);
  const holds = createChannelHolds({
    stores: { home, shards: storeNames(name, shards).map(stores.ledgers.of) },
    asked: waitingFor(watch, home),
    told: { run: (script, args) => behindRestore(watch, () => home.run(script, args)) },
    credentials,
    longestGrantMs: longestGrantMs(channel),
    clock,
    onUntold: (error) =>
      logger.warn({ error: String(error) }, 'part of the channel has not heard yet what holds for all of it'),
  });
  return { holds, admission: createShardAdmission({ rate, holds, aheadMs: AHEAD_MS, clock }) };
}

/** The same store; but its scripts wait while it cannot be relied on. */
const waitingFor = (watch: FailoverDetector, store: ChannelStore): ChannelStore => ({
  ...store,
  run: (script, args) => behindGate(watch, () => store.run(script, args)),
});
