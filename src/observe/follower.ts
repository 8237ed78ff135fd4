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

/** What a process that delivers nothing has of Redis, and whether Redis answers it. */
export interface Follower {
  readonly stores: Stores;
  /** Rejects where Redis refuses the login or the database, or is none; never resolves. */
  readonly refused: Promise<never>;
  /** Begins to look by itself whether Redis takes writes. */
  start(): void;
  /** Of the readiness probe. */
  check(): Promise<{ name: string; ok: boolean; detail?: string }>;
  close(): void;
}

export interface FollowerDeps {
  metrics: RedisMetrics;
  logger: Logger;
  clock: Clock;
}

/** Waits for a Redis that is away. */
export function openFollower(address: RedisAddress, { metrics, logger, clock }: FollowerDeps): Follower {
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
