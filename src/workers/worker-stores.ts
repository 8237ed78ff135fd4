import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { connectWorker } from '../redis/connections.ts';
import { PROBE_KEY } from '../redis/keys.ts';
import type { RedisInstance } from '../redis/option.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import type { Stores } from '../redis/stores.ts';
import { createClockGauge } from './clock-gauge.ts';
import { openWorkerStore, type WorkerStore } from './worker-store.ts';

/** The parts of the store that a worker relies on, each by itself: on one node there is one for everything. */
export interface WorkerStores {
  /** The connections for queues and upkeep, also of channels that this worker does not serve. */
  readonly queues: Stores;
  /** The connections for admissions and settlements. */
  readonly ledgers: Stores;
  /** The part that has what is of no single channel. */
  readonly directory: WorkerStore;
  /** The part that has a channel. */
  of(channel: string): WorkerStore;
  all(): readonly WorkerStore[];
  close(): void;
}

export interface WorkerStoresOptions {
  redis: string | RedisInstance;
  /** The clock of the directory. */
  clock: StoreClock;
  logger: Logger;
  metrics: Pick<Metrics, 'redis' | 'clockOffset'>;
  /** Called when a part may have begun or ceased to serve. */
  onChange(): void;
}

export function openWorkerStores({ redis, metrics, ...shared }: WorkerStoresOptions): WorkerStores {
  const { queues, ledgers } = connectWorker(redis, shared.clock);
  const only = openWorkerStore({
    ...shared,
    redis: queues.directory,
    ledgerRedis: ledgers.directory,
    probeKey: PROBE_KEY,
    metrics: metrics.redis,
    onOffset: createClockGauge(metrics.clockOffset),
  });
  return { queues, ledgers, directory: only, of: () => only, all: () => [only], close: only.close };
}
