import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { createFailoverDetector } from '../ledger/failover-detector.ts';
import type { FailoverDetector } from '../ledger/store-gate.ts';
import type { Logger } from '../observe/log.ts';
import { createOutageLog } from '../observe/outage-log.ts';
import type { RedisMetrics } from '../observe/redis-metrics.ts';
import { createRedisVitals, type RedisVitals } from '../observe/redis-vitals.ts';
import { connectWorker } from '../redis/connections.ts';
import { refusesWrites } from '../redis/errors.ts';
import { refusedAtStart } from '../redis/guards.ts';
import { PROBE_KEY, PROBE_LIFE_MS } from '../redis/keys.ts';
import type { RedisInstance } from '../redis/option.ts';

/** A worker's Redis: its two connections, the state of the server, and the handling of errors. */
export interface WorkerStore {
  readonly redis: Redis;
  readonly ledgerRedis: Redis;
  readonly watch: FailoverDetector;
  readonly vitals: RedisVitals;
  /** See `refusedAtStart`. */
  readonly refused: Promise<never>;
  /** Call with errors of the connections' users. */
  reportError(error: Error): void;
  close(): void;
}

export interface StoreOptions {
  redis: string | RedisInstance;
  clock: Clock;
  logger: Logger;
  metrics: RedisMetrics;
  /** Called when Redis starts or stops refusing writes. */
  onRefusing(): void;
}

export function openWorkerStore(options: StoreOptions): WorkerStore {
  const { clock, logger, onRefusing } = options;
  const { redis, ledgerRedis } = connectWorker(options.redis, clock);
  const connections = [redis, ledgerRedis];
  const refused = refusedAtStart(redis);
  // On both connections: each may be to another server.
  const probe = () => Promise.all(connections.map((each) => each.set(PROBE_KEY, '1', 'PX', PROBE_LIFE_MS)));
  const watch = createFailoverDetector(ledgerRedis, {
    ...{ clock, probe },
    onRefused: (error) => vitals.report(error),
    onRefusing(error) {
      if (!error) vitals.acceptsWrites();
      onRefusing();
    },
    onError: (error) =>
      logger.warn({ error: String(error) }, 'redis failover: recent sends not restored yet'),
  });
  const reportError = (error: Error): void => {
    if (redis.status === 'ready' && refusesWrites(error)) watch.refused(error);
    else vitals.report(error);
  };
  const vitals = createRedisVitals({
    ...{ connections, probe, metrics: options.metrics },
    outages: createOutageLog(redis, logger, clock),
    onFailure: reportError,
  });
  for (const each of connections) each.on('error', reportError);
  vitals.start();
  return {
    ...{ redis, ledgerRedis, watch, vitals, refused, reportError },
    close() {
      vitals.stop();
      watch.stop();
      for (const each of connections) each.disconnect();
    },
  };
}
