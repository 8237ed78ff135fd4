import { hostname } from 'node:os';
import { type AnnouncedSampling, createAnnouncedSampling } from '../channels/announced-sampling.ts';
import { announceChannels } from '../channels/registry.ts';
import type { ChannelConfig } from '../config/schema.ts';
import { checkPermissions } from '../ledger/permissions.ts';
import { createFreshGauges, type FreshGauges } from '../observe/fresh-gauges.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { isRefusal, refusesWrites } from '../redis/errors.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import { AccountTakenError } from './account-claim.ts';
import type { RunningChannel } from './channel.ts';
import { logFindings } from './findings.ts';
import { createHealth, type Health } from './health.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { createMaintenance, type Maintenance, type ServedStore } from './maintenance.ts';
import { QuotaChangedError, ShardsChangedError } from './policy-change.ts';
import type { RunningStore } from './running-store.ts';
import { createWatchdog } from './watchdog.ts';
import type { WorkerStore } from './worker-store.ts';
import type { WorkerStores } from './worker-stores.ts';

/** Assembles the parts that run beside a worker's channels: their preparation, maintenance, heartbeat and health. */

/** Only an operator can resolve them. */
const CONFLICTS = [QuotaChangedError, ShardsChangedError, AccountTakenError] as const;

export interface RunningParts {
  stores: WorkerStores;
  channels: RunningChannel[];
  maintenance: Maintenance;
  health: Health;
  heartbeat: Heartbeat;
  others: AnnouncedSampling;
  gauges: FreshGauges;
  begin(): Promise<void>;
  /** Starts or stops picking up jobs, as the clock and the store allow. */
  pull(): void;
}

export interface AssemblyDeps {
  stores: WorkerStores;
  channels: RunningChannel[];
  metrics: Metrics;
  /** The clock of the directory. */
  clock: StoreClock;
  logger: Logger;
}

export function assemble({ stores, channels, metrics, clock, logger }: AssemblyDeps): RunningParts {
  const begun = new Set<WorkerStore>();
  const served = channels.flatMap((channel) => channel.stores.map((store) => ({ channel, store })));
  const pull = (): void => {
    for (const { store } of served) if (begun.has(store.part)) store.pull(store.part.serves());
  };
  const servedBy = (part: WorkerStore): ServedStore[] => served.filter(({ store }) => store.part === part);
  const lastingErrors = new Map<WorkerStore, Error>();
  /** Errors that only an operator can fix abort the start; later, they must not stop the other channels. */
  function noteLastingError(store: WorkerStore, error: unknown): void {
    const lasting = CONFLICTS.some((kind) => error instanceof kind) || isRefusal(error);
    if (!lasting || refusesWrites(error)) throw error;
    lastingErrors.set(store, error as Error);
    if (begun.has(store))
      logger.error({ error: String(error) }, 'channel could not be prepared after an outage');
  }
  /** Writes the other data of these channels: at the start, and after a failover that may have lost them. */
  async function restore(part: WorkerStore): Promise<number> {
    const prepared: ChannelConfig[] = [];
    for (const { channel, store } of servedBy(part)) {
      const isHome = store === channel.stores[0];
      if (isHome) channel.examine();
      await store.prepare().then(
        () => void (isHome && !store.lease.stopped() && prepared.push(channel.config)),
        (error) => noteLastingError(part, error),
      );
    }
    // What others are to know of a channel is what is in force: of a worker that was refused, or has another policy by now, nothing.
    await announceChannels(stores.queues.directory, prepared);
    return 0;
  }
  for (const store of stores.all())
    store.watch.add({ restore: () => restore(store), holds: async () => true });
  const watchdog = createWatchdog(clock);
  const gauges = createFreshGauges(metrics);
  const maintenance = createMaintenance({
    ...{ gauges, logger },
    onSample({ config: { name }, stores, stopped }, { ready, limited }) {
      const mayPickUp = ({ part, worker }: RunningStore): boolean =>
        part.guard.agrees() && !part.watch.trouble() && worker.hasRoom();
      const available = !limited && !stopped() && stores.every(mayPickUp);
      const lastPickupAt = Math.max(...stores.map(({ worker }) => worker.lastPickupAt()));
      watchdog.observe(name, { ready, available, lastPickupAt });
    },
  });
  const names = channels.map(({ config }) => config.name);
  const others = createAnnouncedSampling({
    stores: stores.queues,
    clock,
    served: new Set(names),
    gauges,
    onRedisCall: metrics.redis.called,
    logger,
  });
  const heartbeat = createHeartbeat({
    identity: { host: hostname(), pid: process.pid, since: clock.now() },
    logger,
  });
  const health = createHealth({ stores: stores.all(), maintenance, watchdog });

  /** Serves the channels of a part, once that can be relied on. */
  async function begin(store: WorkerStore): Promise<void> {
    const own = servedBy(store);
    const homes = own.filter(({ channel, store }) => store === channel.stores[0]);
    if (own[0]) await checkPermissions(own[0].store.keys);
    await logFindings(store.redis, logger);
    await store.watch.pending();
    const lasting = lastingErrors.get(store);
    if (lasting) throw lasting;
    begun.add(store);
    await store.guard.measure();
    store.guard.start();
    maintenance.start(own);
    if (store === stores.directory) others.start();
    await heartbeat.start(homes.map(({ store }) => store.keys));
  }

  return {
    ...{ stores, channels, maintenance, health, heartbeat, others, gauges, pull },
    begin: async () => void (await Promise.all(stores.all().map(begin))),
  };
}
