import type { ChannelConfig } from '../config/channel-schema.ts';
import { createEpoch } from '../ledger/epoch.ts';
import { createLedgerCalls, joinCalls, type Ledger } from '../ledger/ledger.ts';
import { withRecentWrites } from '../ledger/recent-writes.ts';
import { withChannelHolds } from '../ledger/shard-settlement.ts';
import type { FailoverDetector } from '../ledger/store-gate.ts';
import type { LedgerCalls } from '../ledger/types.ts';
import { type CallTiming, timedCall } from '../observe/redis-metrics.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import { admissionPolicy, playTtl, resolutionOf, slotMs } from '../policies/admission.ts';
import { claimTtlMs } from '../policies/candidates.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import type { ChannelLog } from './channel-log.ts';
import type { Margin } from './margin.ts';
import type { Sharding } from './sharding.ts';

export interface ChannelLedgerDeps {
  clock: StoreClock;
  keepReceipts: number;
  watch: FailoverDetector;
  definition: PlatformDefinition;
  /** On the connection that is watched for failovers. */
  store: ChannelStore;
  /** Fingerprint of the channel's credentials. */
  credentials: string;
  timing: CallTiming;
  log: ChannelLog;
  /** Of the channel's rate. */
  margin: Margin | undefined;
  /** Of a shard. */
  sharding?: Sharding | undefined;
}

/** The ledger as a channel's pipeline uses it: its calls are timed, remembered through failovers, and shared by its messages. */
export function openChannelLedger(channel: ChannelConfig, deps: ChannelLedgerDeps): Ledger {
  const { store, clock, definition, timing, margin, sharding } = deps;
  const resolution = resolutionOf(channel, definition.resolution);
  const epoch = createEpoch(store);
  const plain = createLedgerCalls({
    store,
    shard: sharding?.admission,
    epoch: epoch.current,
    policyAround: (around) =>
      JSON.stringify({ ...admissionPolicy(channel, resolution, around), ...margin?.spacing() }),
    spacing: margin?.spacing,
    playTtlMs: playTtl(channel.eligibility),
    platformDayMs: channel.platformDayMs,
    keepReceipts: deps.keepReceipts,
    claimTtlMs: definition.claims && resolution === 'confirm' ? claimTtlMs(channel) : undefined,
    slotMs: slotMs(channel),
    credentials: deps.credentials,
    clock,
  });
  const timed: LedgerCalls = {
    admit: (admissions) => timedCall('admit', () => plain.admit(admissions), timing),
    settle: (settlements) => timedCall('settle', () => plain.settle(settlements), timing),
  };
  const remembered = withRecentWrites(timed, {
    store,
    platformDayMs: channel.platformDayMs,
    slotMs: slotMs(channel),
    watch: deps.watch,
    epoch,
    clock,
    onRestored: (counts, cause) => deps.log.restored(cause, counts),
  });
  const joined = joinCalls(remembered);
  return sharding ? withChannelHolds(joined, sharding.holds) : joined;
}
