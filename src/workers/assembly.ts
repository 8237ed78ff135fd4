import { hostname } from 'node:os';
import { type AnnouncedSampling, createAnnouncedSampling } from '../channels/announced-sampling.ts';
import { announceChannels } from '../channels/registry.ts';
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
import { createMaintenance, type Maintenance } from './maintenance.ts';
import { QuotaChangedError } from './policy-change.ts';
import { createWatchdog } from './watchdog.ts';
import type { WorkerStore } from './worker-store.ts';
import type { WorkerStores } from './worker-stores.ts';

/** Assembles the parts that run beside a worker's channels: their preparation, maintenance, heartbeat and health. */

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
  const pull = (): void => {
    for (const { store, pull } of channels) if (begun.has(store)) pull(store.serves());
  };
  const channelsOf = (store: WorkerStore): RunningChannel[] =>
    channels.filter((channel) => channel.store === store);
  const lastingErrors = new Map<WorkerStore, Error>();
  /** Errors that only an operator can fix abort the start; later, they must not stop the other channels. */
  function noteLastingError(store: WorkerStore, error: unknown): void {
    const lasting =
      error instanceof QuotaChangedError || error instanceof AccountTakenError || isRefusal(error);
    if (!lasting || refusesWrites(error)) throw error;
    lastingErrors.set(store, error as Error);
    if (begun.has(store))
      logger.error({ error: String(error) }, 'channel could not be prepared after an outage');
  }
  const announce = (some: readonly RunningChannel[]): Promise<void> =>
    announceChannels(
      stores.queues.directory,
      some.map(({ config }) => config),
    );
  /** Writes the other data of these channels: at the start, and after a failover that may have lost them. */
  async function restore(store: WorkerStore): Promise<number> {
    const own = channelsOf(store);
    for (const channel of own) await channel.prepare().catch((error) => noteLastingError(store, error));
    await announce(own);
    return 0;
  }
  for (const store of stores.all())
    store.watch.add({ restore: () => restore(store), holds: async () => true });
  const watchdog = createWatchdog(clock);
  const gauges = createFreshGauges(metrics);
  const maintenance = createMaintenance({
    ...{ gauges, logger },
    onSample({ config: { name }, store, worker, stopped }, { ready, limited }) {
      const free = !limited && !stopped() && worker.hasRoom();
      const available = store.guard.agrees() && !store.watch.trouble() && free;
      watchdog.observe(name, { ready, available, lastPickupAt: worker.lastPickupAt() });
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
    const own = channelsOf(store);
    const parts = own.map(({ config }) => stores.queues.of(config.name));
    if (parts[0]) await checkPermissions(parts[0]);
    await logFindings(store.redis, logger);
    await store.watch.pending();
    const lasting = lastingErrors.get(store);
    if (lasting) throw lasting;
    begun.add(store);
    await store.guard.measure();
    store.guard.start();
    maintenance.start(own);
    if (store === stores.directory) others.start();
    await heartbeat.start(parts);
  }

  return {
    ...{ stores, channels, maintenance, health, heartbeat, others, gauges, pull },
    begin: async () => void (await Promise.all(stores.all().map(begin))),
  };
}
