import type { Clock } from '../clock.ts';
import type { RedisAddress } from '../redis/address.ts';
import { connectFollower } from '../redis/connections.ts';
import { PROBE_KEY } from '../redis/keys.ts';
import type { Stores } from '../redis/stores.ts';
import { probeWrites } from '../redis/write-probe.ts';
import type { Logger } from './log.ts';
import { createOutageLog } from './outage-log.ts';
import type { RedisMetrics } from './redis-metrics.ts';
import { createRedisVitals } from './redis-vitals.ts';

/** Redis for a process that delivers nothing: its connections, and whether Redis answers and accepts writes. */
export interface MonitoredRedis {
  readonly stores: Stores;
  /** Rejects if Redis refuses the login or the database, or the server is not Redis; never resolves. */
  readonly refused: Promise<never>;
  /** Starts checking every few seconds whether Redis accepts writes. */
  start(): void;
  /** The check for the readiness probe. */
  check(): Promise<{ name: string; ok: boolean; detail?: string }>;
  close(): void;
}

export interface MonitoredRedisDeps {
  metrics: RedisMetrics;
  logger: Logger;
  clock: Clock;
}

/** Waits for a Redis that is away. */
export function openMonitoredRedis(
  address: RedisAddress,
  { metrics, logger, clock }: MonitoredRedisDeps,
): MonitoredRedis {
  const { stores, refused } = connectFollower(address);
  const client = stores.directory;
  const vitals = createRedisVitals({
    connections: [client],
    probe: () => probeWrites(client, PROBE_KEY),
    onFailure: (error) => vitals.report(error),
    metrics,
    outages: createOutageLog(client, logger, clock),
  });
  client.on('error', vitals.report);
  return {
    stores,
    refused,
    start: vitals.start,
    async check() {
      const detail = await vitals.check();
      return { name: 'redis', ok: detail === undefined, ...(detail !== undefined && { detail }) };
    },
    close() {
      vitals.stop();
      stores.disconnect();
    },
  };
}
