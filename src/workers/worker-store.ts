import type { Redis } from 'ioredis';
import { createFailoverDetector } from '../ledger/failover-detector.ts';
import type { FailoverDetector } from '../ledger/store-gate.ts';
import type { Logger } from '../observe/log.ts';
import { createOutageLog } from '../observe/outage-log.ts';
import type { RedisMetrics } from '../observe/redis-metrics.ts';
import { createRedisVitals, type RedisVitals } from '../observe/redis-vitals.ts';
import { type ClockGuard, createClockGuard } from '../redis/clock-guard.ts';
import { disconnect } from '../redis/disconnect.ts';
import { refusesWrites } from '../redis/errors.ts';
import { refusedAtStart } from '../redis/guards.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import { probeWrites } from '../redis/write-probe.ts';

/**
 * A part of Redis that a worker reaches, or does not reach, as a whole: its two connections, its clock, its failover detector, and what is
 * known of the server.
 */
export interface WorkerStore {
  /** The name of the store of a channel that it has; undefined if it has everything, or the directory. */
  readonly name: string | undefined;
  readonly redis: Redis;
  readonly ledgerRedis: Redis;
  readonly clock: StoreClock;
  readonly guard: ClockGuard;
  readonly watch: FailoverDetector;
  readonly vitals: RedisVitals;
  /** See `refusedAtStart`. */
  readonly refused: Promise<never>;
  /** Whether jobs may be picked up: its clock agrees with this machine's, and it takes writes. */
  serves(): boolean;
  /** Call with errors that users of the connections met. */
  reportError(error: Error): void;
  close(): void;
}

export interface WorkerStoreOptions {
  name: string | undefined;
  /** For queues and upkeep. */
  redis: Redis;
  /** For admissions and settlements. */
  ledgerRedis: Redis;
  /** Written to learn whether writes are taken. */
  probeKey: string;
  clock: StoreClock;
  logger: Logger;
  metrics: RedisMetrics;
  /** Hears of every measurement of the clock, milliseconds. */
  onOffset(offsetMs: number): void;
  /** Called when `serves` may have changed. */
  onChange(): void;
}

export function openWorkerStore(options: WorkerStoreOptions): WorkerStore {
  const { redis, ledgerRedis, probeKey, clock, logger, onChange } = options;
  const connections = [redis, ledgerRedis];
  const refused = refusedAtStart(redis);
  // On both connections, since they may be to different servers.
  const probe = () => Promise.all(connections.map((each) => probeWrites(each, probeKey)));
  const watch = createFailoverDetector(ledgerRedis, {
    ...{ clock, probe },
    onRefused: (error) => vitals.report(error),
    onRefusing(error) {
      if (!error) vitals.acceptsWrites();
      onChange();
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
  const logAgreement = createAgreementLog(logger);
  const guard = createClockGuard(redis, clock, (offsetMs, agrees) => {
    options.onOffset(offsetMs);
    logAgreement(offsetMs, agrees);
    onChange();
  });
  for (const each of connections) each.on('error', reportError);
  vitals.start();
  return {
    ...{ name: options.name, redis, ledgerRedis, clock, guard, watch, vitals, refused, reportError },
    serves: () => guard.agrees() && !watch.trouble()?.refusing,
    close() {
      guard.stop();
      vitals.stop();
      watch.stop();
      for (const each of connections) disconnect(each);
    },
  };
}

/** Logs when the clocks begin to differ, and when they agree again. */
function createAgreementLog(logger: Logger): (offsetMs: number, agrees: boolean) => void {
  let agreed = true;
  return (offsetMs, agrees) => {
    if (agrees === agreed) return;
    agreed = agrees;
    const text = agrees
      ? 'clock is in sync with Redis again'
      : 'clock is out of sync with Redis: not taking messages';
    logger[agrees ? 'info' : 'error']({ offset_ms: offsetMs }, text);
  };
}
