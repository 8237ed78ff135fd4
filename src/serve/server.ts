import type { Clock } from '../clock.ts';
import type { HeraldConfig } from '../config/schema.ts';
import { createProbes, type HttpServer } from '../http/probes.ts';
import { readVersion } from '../observe/build-info.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { createOutageLog } from '../observe/outage-log.ts';
import { createRedisVitals } from '../observe/redis-vitals.ts';
import { limitStorms } from '../observe/storm-limit.ts';
import { connectFollower } from '../redis/connections.ts';
import { PROBE_KEY } from '../redis/keys.ts';
import { probeWrites } from '../redis/write-probe.ts';
import type { OpenServices } from './services.ts';

/** A process that serves HTTP beside the workers, or without any: it delivers nothing and needs no credentials of the channels. */
export interface HeraldServer {
  /** Waits for a Redis that is away. Rejects when an address cannot be taken. */
  start(): Promise<void>;
  /** Rejects where Redis refuses the login or the database, or is none; never resolves. */
  readonly refused: Promise<never>;
  /** Takes no more requests, and lets those under way end for at most the configured drain timeout. */
  close(): Promise<void>;
}

export interface ServerParts {
  logger: Logger;
  clock: Clock;
  services: OpenServices;
}

export function buildServer(config: HeraldConfig, { clock, ...parts }: ServerParts): HeraldServer {
  const logger = limitStorms(parts.logger);
  const metrics = createMetrics({ version: readVersion(), clock });
  const services = parts.services({ metrics, logger });
  const { stores, refused } = connectFollower(config.redis);
  const client = stores.directory;
  const vitals = createRedisVitals({
    connections: [client],
    probe: () => probeWrites(client, PROBE_KEY),
    onFailure: (error) => vitals.report(error),
    metrics: metrics.redis,
    outages: createOutageLog(client, logger, clock),
  });
  client.on('error', vitals.report);
  let closing: Promise<void> | undefined;
  let http: HttpServer | undefined;
  const probes = createProbes({
    metrics,
    live: () => ({ live: true }),
    async ready() {
      if (closing) return { checks: [{ name: 'server', ok: false, detail: 'draining' }], stopped: [] };
      const detail = await vitals.check();
      return {
        checks: [{ name: 'redis', ok: detail === undefined, ...(detail !== undefined && { detail }) }],
        stopped: [],
      };
    },
  });

  async function end(): Promise<void> {
    await Promise.all(services.map((service) => service.close(config.drainTimeoutMs)));
    vitals.stop();
    stores.disconnect();
    await http?.close();
    logger.info({}, 'server stopped');
    logger.flush();
  }

  return {
    refused,
    async start() {
      if (config.http) http = await probes.listen(config.http);
      await Promise.all(services.map((service) => service.start()));
      vitals.start();
      logger.info({ url: http?.url }, 'server started');
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
}
