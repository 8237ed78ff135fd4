import type { Clock } from '../clock.ts';
import type { HeraldConfig } from '../config/schema.ts';
import { createProbes, type HttpServer } from '../http/probes.ts';
import { readVersion } from '../observe/build-info.ts';
import { openFollower } from '../observe/follower.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { limitStorms } from '../observe/storm-limit.ts';
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
  const follower = openFollower(config.redis, { metrics: metrics.redis, logger, clock });
  let closing: Promise<void> | undefined;
  let http: HttpServer | undefined;
  const probes = createProbes({
    metrics,
    live: () => ({ live: true }),
    async ready() {
      if (closing) return { checks: [{ name: 'server', ok: false, detail: 'draining' }], stopped: [] };
      return { checks: [await follower.check()], stopped: [] };
    },
  });

  async function end(): Promise<void> {
    await Promise.all(services.map((service) => service.close(config.drainTimeoutMs)));
    follower.close();
    await http?.close();
    logger.info({}, 'server stopped');
    logger.flush();
  }

  return {
    refused: follower.refused,
    async start() {
      if (config.http) http = await probes.listen(config.http);
      await Promise.all(services.map((service) => service.start()));
      follower.start();
      logger.info({ url: http?.url }, 'server started');
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
}
