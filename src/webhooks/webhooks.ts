import { type Clock, type Random, systemClock } from '../clock.ts';
import type { WebhookConfig } from '../config/webhooks.ts';
import type { Logger } from '../observe/log.ts';
import type { WebhookMetrics } from '../observe/webhook-metrics.ts';
import { connectFollower } from '../redis/connections.ts';
import type { RedisOption } from '../redis/option.ts';
import type { Stores } from '../redis/stores.ts';
import type { Service } from '../serve/services.ts';
import { startEndpoint } from './endpoint.ts';

export interface WebhooksOptions {
  redis: RedisOption;
  webhooks: readonly WebhookConfig[];
  logger: Logger;
  metrics: WebhookMetrics;
  version: string;
  clock?: Clock | undefined;
  random?: Random | undefined;
  /** See `EndpointDeps`; five seconds when absent. */
  everyMs?: number | undefined;
}

const EVERY_MS = 5_000;

/** For the last positions, once everything has ended. */
const LAST_WRITE_MS = 500;

/**
 * The posting of receipts to all configured endpoints. Waits for a Redis that is away. What is in flight at the end of a close is
 * posted again by whoever goes on.
 */
export function createWebhooks(options: WebhooksOptions): Service {
  const { redis, webhooks, logger, metrics, version } = options;
  const { clock = systemClock, random = Math.random, everyMs = EVERY_MS } = options;
  const stop = new AbortController();
  const kill = new AbortController();
  let running: { stores: Stores; ended: Promise<unknown> } | undefined;
  return {
    async start() {
      const { stores, refused } = connectFollower(redis);
      refused.catch((error: unknown) =>
        logger.error({ error: String(error) }, 'webhook: redis refuses the login'),
      );
      const shared = {
        receipts: redis,
        redis: stores.directory,
        clock,
        random,
        logger,
        metrics,
        version,
        everyMs,
      };
      const endpoints = webhooks.map((config) =>
        startEndpoint(config, { ...shared, stop: stop.signal, kill: kill.signal }),
      );
      running = { stores, ended: Promise.all(endpoints.map(({ ended }) => ended)) };
    },
    async close(withinMs) {
      stop.abort();
      if (!running) return;
      const { stores, ended } = running;
      const timers = [
        setTimeout(() => kill.abort(), withinMs),
        // What is to be written waits for a store that is away.
        setTimeout(() => stores.disconnect(), withinMs + LAST_WRITE_MS),
      ];
      await ended;
      for (const timer of timers) clearTimeout(timer);
      stores.disconnect();
    },
  };
}
