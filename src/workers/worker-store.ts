import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { createFailoverDetector } from '../ledger/failover-detector.ts';
import type { FailoverDetector } from '../ledger/store-gate.ts';
import type { Logger } from '../observe/log.ts';
import { connectWorker } from '../redis/connections.ts';
import { refusesWrites } from '../redis/errors.ts';
import { refusedAtStart } from '../redis/guards.ts';
import { PROBE_KEY } from '../redis/keys.ts';
import type { RedisInstance } from '../redis/option.ts';
import { createOutageLog } from './outage-log.ts';

/** A worker's Redis: its two connections, the state of the server, and the handling of errors. */
export interface WorkerStore {
  readonly redis: Redis;
  readonly ledgerRedis: Redis;
  readonly watch: FailoverDetector;
  /** See `refusedAtStart`. */
  readonly refused: Promise<never>;
  /** Call with errors of the connections' users. */
  reportError(error: Error): void;
  close(): void;
}

const PROBE_LIFE_MS = 60_000;

export interface StoreOptions {
  redis: string | RedisInstance;
  clock: Clock;
  logger: Logger;
  /** Called when Redis starts or stops refusing writes. */
  onRefusing(): void;
}

export function openWorkerStore({ redis: named, clock, logger, onRefusing }: StoreOptions): WorkerStore {
  const { redis, ledgerRedis } = connectWorker(named, clock);
  const connections = [redis, ledgerRedis];
  const refused = refusedAtStart(redis);
  const outages = createOutageLog(redis, logger, clock);
  const watch = createFailoverDetector(ledgerRedis, {
    clock,
    // On both connections: each may be to another server.
    probe: () => Promise.all(connections.map((each) => each.set(PROBE_KEY, '1', 'PX', PROBE_LIFE_MS))),
    onRefusing(error) {
      outages.refusing(error);
      onRefusing();
    },
    onError: (error) =>
      logger.warn({ error: String(error) }, 'redis failover: recent sends not restored yet'),
  });
  const reportError = (error: Error): void => {
    if (redis.status === 'ready' && refusesWrites(error)) watch.refused(error);
    else outages.report(error);
  };
  for (const each of connections) each.on('error', reportError);
  return {
    ...{ redis, ledgerRedis, watch, refused, reportError },
    close() {
      watch.stop();
      for (const each of connections) each.disconnect();
    },
  };
}
