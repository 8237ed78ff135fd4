import { createAnnouncedSampling } from '../channels/announced-sampling.ts';
import { type Clock, systemClock } from '../clock.ts';
import { createProbes } from '../http/probes.ts';
import { readVersion } from '../observe/build-info.ts';
import { createFreshGauges } from '../observe/fresh-gauges.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { openMonitoredRedis } from '../observe/monitored-redis.ts';
import { limitStorms } from '../observe/storm-limit.ts';
import type { RedisAddress } from '../redis/address.ts';

/**
 * A process that only exports metrics: those of every announced channel, as its workers show them, even while no worker runs. It needs
 * no credentials and sends nothing.
 */
export interface Exporter {
  /** Where it serves `/metrics`, `/livez` and `/readyz`. */
  readonly url: string;
  /** Rejects if Redis refuses the login or the database, or the server is not Redis; never resolves. */
  readonly refused: Promise<never>;
  close(): Promise<void>;
}

export interface ExporterOptions {
  redis: RedisAddress;
  /** Port 0 selects a free one. */
  http: { host: string; port: number };
  logger: Logger;
  clock?: Clock;
}

/** Waits for a Redis that is away. Rejects if the address cannot be taken. */
export async function startExporter({ clock = systemClock, ...options }: ExporterOptions): Promise<Exporter> {
  const logger = limitStorms(options.logger);
  const metrics = createMetrics({ version: readVersion(), clock });
  const redis = openMonitoredRedis(options.redis, { metrics: metrics.redis, logger, clock });
  const gauges = createFreshGauges(metrics);
  const sampling = createAnnouncedSampling({
    ...{ stores: redis.stores, clock, gauges, logger },
    served: new Set(),
    onRedisCall: metrics.redis.called,
  });
  const probes = createProbes({
    metrics,
    live: () => ({ live: true }),
    ready: async () => ({ checks: [await redis.check()], stopped: [] }),
  });
  const listening = await probes.listen(options.http).catch((error: unknown) => {
    redis.close();
    throw error;
  });
  redis.start();
  sampling.start();
  return {
    url: listening.url,
    refused: redis.refused,
    async close() {
      sampling.stop();
      gauges.clear();
      redis.close();
      await listening.close();
      logger.flush();
    },
  };
}
