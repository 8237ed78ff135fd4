import { hostname } from 'node:os';
import { createAnnouncedSampling } from '../channels/announced-sampling.ts';
import { checkDirectoryPermissions, checkPermissions } from '../ledger/permissions.ts';
import { createFreshGauges, type FreshGauges } from '../observe/fresh-gauges.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import type { RunningChannel } from './channel.ts';
import { createHealth, type Health } from './health.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { createMaintenance, type ServedStore } from './maintenance.ts';
import { createPreparation } from './preparation.ts';
import { logRedisFindings } from './redis-findings.ts';
import type { RunningStore } from './running-store.ts';
import { createWatchdog } from './watchdog.ts';
import type { WorkerStore } from './worker-store.ts';
import type { WorkerStores } from './worker-stores.ts';

/** Assembles the parts that run beside a worker's channels: their maintenance, heartbeat and health. */

export interface RunningParts {
  stores: WorkerStores;
  channels: RunningChannel[];
  health: Health;
  heartbeat: Heartbeat;
  gauges: FreshGauges;
  begin(): Promise<void>;
  /** Ends what runs beside the channels, except the heartbeat. A `begin` that still waits for Redis begins nothing more. */
  stop(): void;
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
  let stopped = false;
  const served = channels.flatMap((channel) => channel.stores.map((store) => ({ channel, store })));
  const pull = (): void => {
    if (stopped) return;
    for (const { store } of served) if (begun.has(store.part)) store.pull(store.part.serves());
  };
  const servedBy = (part: WorkerStore): ServedStore[] => served.filter(({ store }) => store.part === part);
  const preparation = createPreparation({ stores, servedBy, hasBegun: (part) => begun.has(part), logger });
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
    if (store === stores.directory) await checkDirectoryPermissions(store.redis);
    if (own[0]) await checkPermissions(own[0].store.keys);
    await logRedisFindings(store.redis, logger);
    await store.watch.pending();
    const lasting = preparation.lastingError(store);
    if (lasting) throw lasting;
    begun.add(store);
    await store.guard.measure();
    if (stopped) return;
    store.guard.start();
    maintenance.start(own);
    if (store === stores.directory) others.start();
    await heartbeat.start(homes.map(({ store }) => store.keys));
  }

  return {
    ...{ stores, channels, health, heartbeat, gauges, pull },
    begin: async () => void (await Promise.all(stores.all().map(begin))),
    stop() {
      stopped = true;
      for (const { guard } of stores.all()) guard.stop();
      maintenance.stop();
      others.stop();
    },
  };
}
