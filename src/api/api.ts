import { setMaxListeners } from 'node:events';
import type { Admin } from '../admin/admin.ts';
import type { Clock } from '../clock.ts';
import type { ApiConfig } from '../config/api.ts';
import { type Listening, listen } from '../http/listen.ts';
import type { Logger } from '../observe/log.ts';
import type { Producer } from '../producer/producer.ts';
import { followOn } from '../receipts/follow.ts';
import type { RedisOption } from '../redis/option.ts';
import type { Service } from '../serve/services.ts';
import { createVerifier } from '../tokens/verify.ts';
import { campaignRoutes } from './campaigns.ts';
import type { FingerprintStore } from './idempotency.ts';
import { sendRoute } from './messages.ts';
import { messageRoutes } from './one-message.ts';
import { openApiRoute } from './openapi-route.ts';
import { playRoute } from './plays.ts';
import { createRateLimiter } from './rate-limit.ts';
import { type ReceiptParts, receiptRoutes } from './receipts.ts';
import type { Route } from './route.ts';
import { createRouter, type RouterParts } from './router.ts';
import { type ApiStore, openApiStore } from './store.ts';

/** The HTTP API: its routes, served on an address of its own. */

export interface ApiParts {
  redis: RedisOption;
  /** How long a request may wait for Redis before its token is known; 5 s when absent. */
  timeoutMs?: number;
  /** Opens what the routes work with; the API closes both. */
  openProducer(): Producer<unknown>;
  openAdmin(): Admin;
  logger: Logger;
  clock: Clock;
  observe: RouterParts['observe'];
}

export interface Api extends Service {
  /** Once started. */
  readonly url: string | undefined;
}

/** What the routes work with. */
export interface RouteParts extends ReceiptParts {
  producer: Producer<unknown>;
  admin: Admin;
  fingerprints: FingerprintStore;
  clock: Clock;
}

/** Every route, in the order in which the documentation shows them. */
export const apiRoutes = (parts: RouteParts): Route[] => [
  sendRoute(parts),
  ...messageRoutes(parts),
  ...campaignRoutes(parts),
  ...receiptRoutes(parts),
  playRoute(parts),
  openApiRoute(),
];

/** How long the headers of a request may take, milliseconds. */
const HEADERS_MS = 10_000;

/** Nothing connects before `start`. */
export function createApi(config: ApiConfig, parts: ApiParts): Api {
  const drain = new AbortController();
  // Every stream listens; there are as many as connections.
  setMaxListeners(0, drain.signal);
  let opened: { producer: Producer<unknown>; admin: Admin; store: ApiStore } | undefined;
  let listening: Listening | undefined;

  async function start(): Promise<void> {
    const store = openApiStore(parts.redis, parts.clock, parts.timeoutMs);
    const [producer, admin] = [parts.openProducer(), parts.openAdmin()];
    opened = { producer, admin, store };
    const router = createRouter(
      apiRoutes({
        producer,
        admin,
        follow: followOn(parts.redis),
        clock: parts.clock,
        idleMs: config.idleMs,
        fingerprints: store.fingerprints,
      }),
      {
        verify: createVerifier({ configured: config.tokens, store: store.tokens, clock: parts.clock }),
        limit: createRateLimiter(config.rate, parts.clock),
        draining: drain.signal,
        logger: parts.logger,
        clock: parts.clock,
        observe: parts.observe,
      },
    );
    const { idleMs, connections } = config;
    listening = await listen(router, config, { headersMs: HEADERS_MS, idleMs, connections });
    parts.logger.info({ url: listening.url }, 'api listening');
  }

  return {
    start,
    get url() {
      return listening?.url;
    },
    async close(withinMs) {
      drain.abort();
      await listening?.close(withinMs);
      await Promise.all([opened?.producer.close(), opened?.admin.close(), opened?.store.close()]);
    },
  };
}
