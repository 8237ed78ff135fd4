import type { Clock } from '../clock.ts';
import type { HeraldConfig } from '../config/schema.ts';
import { createProbes, type HttpServer } from '../http/probes.ts';
import { readVersion } from '../observe/build-info.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { openMonitoredRedis } from '../observe/monitored-redis.ts';
import { limitStorms } from '../observe/storm-limit.ts';
import type { OpenServices } from './services.ts';

/** A process that serves HTTP next to the workers, or without any: it delivers nothing and needs no credentials of channels. */
export interface HeraldServer {
  /** Waits for a Redis that is away. Rejects if an address cannot be taken. */
  start(): Promise<void>;
  /** Rejects if Redis refuses the login or the database, or the server is not Redis; never resolves. */
  readonly refused: Promise<never>;
  /** Stops accepting requests, and waits at most the configured drain timeout for those in flight. */
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
  const redis = openMonitoredRedis(config.redis, { metrics: metrics.redis, logger, clock });
  let closing: Promise<void> | undefined;
  let http: HttpServer | undefined;
  const probes = createProbes({
    metrics,
    live: () => ({ live: true }),
    async ready() {
      if (closing) return { checks: [{ name: 'server', ok: false, detail: 'draining' }], stopped: [] };
      return { checks: [await redis.check()], stopped: [] };
    },
  });

  async function end(): Promise<void> {
    await Promise.all(services.map((service) => service.close(config.drainTimeoutMs)));
    redis.close();
    await http?.close();
    logger.info({}, 'server stopped');
    logger.flush();
  }

  return {
    refused: redis.refused,
    async start() {
      if (config.http) http = await probes.listen(config.http);
      await Promise.all(services.map((service) => service.start()));
      redis.start();
      logger.info({ url: http?.url }, 'server started');
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
}
