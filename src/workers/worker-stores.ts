import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { connectWorker } from '../redis/connections.ts';
import { PROBE_KEY } from '../redis/keys.ts';
import type { RedisOption } from '../redis/option.ts';
import { createStoreClock, type StoreClock } from '../redis/store-clock.ts';
import type { Stores } from '../redis/stores.ts';
import { createClockGauge } from './clock-gauge.ts';
import { sharedRedisMetrics, worstOffset } from './combined-figures.ts';
import { openWorkerStore, type WorkerStore, type WorkerStoreOptions } from './worker-store.ts';

/**
 * The parts of Redis that a worker relies on. On one node, one part has everything; in a cluster each store of a channel is a part, and so
 * is the directory. A failure of one does not concern the others.
 */
export interface WorkerStores {
  /** The connections for queues and upkeep, also of channels that this worker does not serve. */
  readonly queues: Stores;
  /** The connections for admissions and settlements. */
  readonly ledgers: Stores;
  /** The part that has the directory: the keys that are of no single channel. */
  readonly directory: WorkerStore;
  /** The part that has this store of a channel; opened by the first call. */
  of(channel: string): WorkerStore;
  all(): readonly WorkerStore[];
  close(): void;
}

export interface WorkerStoresOptions {
  redis: RedisOption;
  /** This machine's. */
  machineClock: Clock;
  /** The clock of the directory. */
  clock: StoreClock;
  logger: Logger;
  metrics: Pick<Metrics, 'redis' | 'clockOffset'>;
  /** Called when a part may have begun or ceased to serve. */
  onChange(): void;
}

export function openWorkerStores(options: WorkerStoresOptions): WorkerStores {
  const { clock, machineClock, logger, metrics, onChange } = options;
  const { queues, ledgers } = connectWorker(options.redis, machineClock);
  const parts = new Map<Redis, WorkerStore>();
  const redisMetrics = sharedRedisMetrics(metrics.redis);
  const offsets = worstOffset(metrics.clockOffset);

  type Own = Pick<WorkerStoreOptions, 'redis' | 'ledgerRedis' | 'probeKey' | 'clock' | 'logger' | 'name'>;
  function open(own: Own): WorkerStore {
    const part = openWorkerStore({
      ...own,
      metrics: redisMetrics(),
      onOffset: createClockGauge(offsets()),
      onChange,
    });
    parts.set(own.redis, part);
    return part;
  }
  const directory = open({
    ...{ redis: queues.directory, ledgerRedis: ledgers.directory, probeKey: PROBE_KEY, clock, logger },
    name: undefined,
  });

  return {
    ...{ queues, ledgers, directory },
    of(channel) {
      const { redis, keys, ...store } = queues.of(channel);
      const known = parts.get(redis);
      if (known) return known;
      return open({
        ...{ redis, ledgerRedis: ledgers.of(channel).redis, probeKey: keys.probe, name: channel },
        clock: createStoreClock(machineClock),
        logger: logger.child({ channel: store.channel, store: store.name }),
      });
    },
    all: () => [...parts.values()],
    close() {
      for (const part of parts.values()) part.close();
      queues.disconnect();
      ledgers.disconnect();
    },
  };
}
