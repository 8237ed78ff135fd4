import { buildAdmin } from './admin/admin.ts';
import { openBoardBackend } from './admin/board-backend.ts';
import { createApi } from './api/api.ts';
import { createBoardService } from './board/service.ts';
import { systemClock } from './clock.ts';
import type { HeraldConfig } from './config/schema.ts';
import { recordPlays } from './ledger/lookups.ts';
import type { Platforms } from './message/schema.ts';
import { readVersion } from './observe/build-info.ts';
import type { Logger } from './observe/log.ts';
import { platforms } from './platforms/registry.ts';
import { playTtl } from './policies/admission.ts';
import type { Plays } from './producer/plays.ts';
import { buildProducer } from './producer/producer.ts';
import type { RedisOption } from './redis/option.ts';
import { buildServer, type HeraldServer } from './serve/server.ts';
import type { OpenServices } from './serve/services.ts';
import { createWebhooks } from './webhooks/webhooks.ts';
import { buildWorker, type HeraldWorker } from './workers/worker.ts';

/** The processes of a parsed configuration: a worker, a server, and the services that either may run. */

/** A worker for a parsed configuration. */
export const workerOf = (config: HeraldConfig, logger: Logger): HeraldWorker =>
  buildWorker(config, { platforms, logger, services: servicesOf(config, { platforms }) });

/** A process for a parsed configuration that serves no channel: it has the HTTP API, the board and the posting of webhooks. */
export const serverOf = (config: HeraldConfig, logger: Logger): HeraldServer =>
  buildServer(config, { logger, clock: systemClock, services: servicesOf(config, { platforms }) });

/** What a process with this configuration does besides its channels and its probes. */
export const servicesOf =
  (
    { http, redis: url, channels, webhooks }: HeraldConfig,
    { platforms, redis = url }: { platforms: Platforms; redis?: RedisOption | undefined },
  ): OpenServices =>
  ({ logger, metrics }) => {
    const listed = channels.map(({ name, platform, shards }) => ({ name, platform, shards }));
    const parts = { platforms, clock: systemClock };
    const posting =
      webhooks.length > 0 &&
      createWebhooks({ redis, webhooks, logger, metrics: metrics.webhooks, version: readVersion() });
    const api =
      http?.api &&
      createApi(http.api, {
        ...{ redis, logger, clock: systemClock },
        openProducer: () => buildProducer<Platforms>({ redis, channels: listed }, { ...parts, plays }),
        openAdmin: () => buildAdmin({ redis, channels }, parts, { via: 'api', name: 'api' }),
        observe: metrics.answered,
      });
    const board =
      http?.board &&
      createBoardService(http.board, {
        ...{ logger, clock: systemClock, tokens: http.api?.tokens ?? [] },
        openBoardBackend: () => openBoardBackend({ redis, channels }, parts),
      });
    return [posting, api, board].filter((service) => !!service);
  };

/** Plays are recorded in the ledger. */
export const plays: Plays = {
  async recordPlays(store, played, eligibility) {
    await recordPlays(store, played, playTtl(eligibility));
  },
};
