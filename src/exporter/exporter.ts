import { createAnnouncedSampling } from '../channels/announced-sampling.ts';
import { type Clock, systemClock } from '../clock.ts';
import { createProbes } from '../http/probes.ts';
import { readVersion } from '../observe/build-info.ts';
import { createFreshGauges } from '../observe/fresh-gauges.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { createOutageLog } from '../observe/outage-log.ts';
import { createRedisVitals } from '../observe/redis-vitals.ts';
import { limitStorms } from '../observe/storm-limit.ts';
import type { RedisAddress } from '../redis/address.ts';
import { connectFollower } from '../redis/connections.ts';
import { PROBE_KEY } from '../redis/keys.ts';
import { probeWrites } from '../redis/write-probe.ts';

/**
 * A process that only exports: the figures of every announced channel, as the workers show them, also while no worker runs. It
 * needs no credentials, and sends nothing.
 */
export interface Exporter {
  /** Where it serves `/metrics`, `/livez` and `/readyz`. */
  readonly url: string;
  /** Rejects where Redis refuses the login or the database, or is none; never resolves. */
  readonly refused: Promise<never>;
  close(): Promise<void>;
}

export interface ExporterOptions {
  redis: RedisAddress;
  /** Port 0 takes a free one. */
  http: { host: string; port: number };
  logger: Logger;
  clock?: Clock;
}

/** Waits for a Redis that is away. Rejects when the address cannot be taken. */
export async function startExporter({ clock = systemClock, ...options }: ExporterOptions): Promise<Exporter> {
  const logger = limitStorms(options.logger);
  const metrics = createMetrics({ version: readVersion(), clock });
  const { stores, refused } = connectFollower(options.redis);
  const client = stores.directory;
  const vitals = createRedisVitals({
    connections: [client],
    probe: () => probeWrites(client, PROBE_KEY),
    onFailure: (error) => vitals.report(error),
    metrics: metrics.redis,
    outages: createOutageLog(client, logger, clock),
  });
  client.on('error', vitals.report);
  const gauges = createFreshGauges(metrics);
  const sampling = createAnnouncedSampling({
    ...{ stores, clock, gauges, logger },
    served: new Set(),
    onRedisCall: metrics.redis.called,
  });
  const probes = createProbes({
    metrics,
    live: () => ({ live: true }),
    async ready() {
      const detail = await vitals.check();
      return {
        checks: [{ name: 'redis', ok: detail === undefined, ...(detail !== undefined && { detail }) }],
        stopped: [],
      };
    },
  });
  const listening = await probes.listen(options.http).catch((error: unknown) => {
    stores.disconnect();
    throw error;
  });
  vitals.start();
  sampling.start();
  return {
    url: listening.url,
    refused,
    async close() {
      vitals.stop();
      sampling.stop();
      gauges.clear();
      stores.disconnect();
      await listening.close();
      logger.flush();
    },
  };
}
