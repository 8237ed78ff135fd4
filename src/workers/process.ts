import { Redis } from 'ioredis';
import { type Clock, type Random, systemClock } from '../clock.ts';
import type { HeraldConfig } from '../config/schema.ts';
import { announceChannels } from '../jobs/announcements.ts';
import { guardDatabase } from '../jobs/database.ts';
import { createMessageSchemas } from '../jobs/message.ts';
import { tlsOptions } from '../jobs/redis-url.ts';
import { type StoreWatch, WATCHED_CONNECTION, watchStore } from '../ledger/store-watch.ts';
import { readVersion } from '../observe/build-info.ts';
import { combineObservers } from '../observe/combine.ts';
import { type HttpServer, startHttpServer } from '../observe/http.ts';
import type { Logger } from '../observe/log.ts';
import { createLogObserver } from '../observe/log-observer.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import { type ChannelDeps, createChannel, type RunningChannel, type Wrappers } from './channel.ts';
import { type ClockGuard, createClockGuard } from './clock-guard.ts';
import { closeWithin, type Drained } from './drain.ts';
import { createHealth, type Health } from './health.ts';
import { createOutageLog } from './outage-log.ts';
import { createRounds, type Rounds } from './rounds.ts';
import { createWatchdog } from './watchdog.ts';

/** A worker process put together: which part gets what. Nothing connects before `run`. */

export interface HeraldWorker {
  /**
   * Connects, checks and starts to deliver; resolves when the channels are at work. Waits for a Redis that is away.
   * @throws QuotaChangedError, DatabaseRefusedError
   */
  run(): Promise<void>;
  /**
   * Takes no more jobs, lets those under way end, and lets go of the rest at the deadline.
   * @param deadlineMs the configured drain timeout when absent
   */
  close(options?: { deadlineMs?: number }): Promise<Drained>;
  /** Where metrics and health are served, once running. */
  readonly url: string | undefined;
  readonly metrics: Metrics;
}

export interface WorkerParts {
  platforms: Readonly<Record<string, PlatformDefinition>>;
  logger: Logger;
  clock?: Clock | undefined;
  random?: Random | undefined;
  wrap?: Wrappers | undefined;
}

/** @param config what is served: leave channels out to serve only some of them */
export function buildWorker(config: HeraldConfig, parts: WorkerParts): HeraldWorker {
  const { logger, platforms, clock = systemClock, random = Math.random } = parts;
  const metrics = createMetrics({ version: readVersion() });
  let started: Started | undefined;
  let http: HttpServer | undefined;
  let saidStarted = false;

  async function run(): Promise<void> {
    const redis = connect(config.redis);
    const refused = guardDatabase(redis);
    const tellError = createOutageLog(redis, logger, clock);
    const ledgerRedis = connect(config.redis, WATCHED_CONNECTION);
    ledgerRedis.on('error', tellError);
    const store = watchStore(ledgerRedis, {
      clock,
      onError: (error) => logger.warn({ error: String(error) }, 'redis could not be told of recent sends'),
    });
    const shared: Omit<ChannelDeps, 'definition'> = {
      redis,
      ledgerRedis,
      store,
      schemas: createMessageSchemas(platforms),
      keepReceipts: config.receipts.keep,
      clock,
      random,
      logger,
      tellError,
      observer: combineObservers(metrics, createLogObserver(logger)),
      wrap: parts.wrap,
    };
    const channels = config.channels.map((channel) => {
      metrics.watch(channel.name, channel.platform);
      return createChannel(channel, { ...shared, definition: platforms[channel.platform]! });
    });
    started = start({ redis, ledgerRedis, store, channels, metrics, clock, logger });
    const { health } = started;
    if (config.http) {
      http = await startHttpServer({ ...config.http, metrics, live: health.live, ready: health.ready });
    }
    await Promise.race([started.begin(), refused]);
    saidStarted = true;
    logger.info({ channels: channels.map(({ config: { name } }) => name), url: http?.url }, 'worker started');
  }

  return {
    run,
    metrics,
    get url() {
      return http?.url;
    },
    async close({ deadlineMs = config.drainTimeoutMs } = {}) {
      if (!started) return { drained: true, abandoned: 0 };
      const { redis, ledgerRedis, store, channels, rounds, guard } = started;
      guard.stop();
      rounds.stop();
      const drained = await closeWithin(channels, {
        deadlineMs,
        clock,
        reachable: () => redis.status === 'ready',
      });
      store.stop();
      redis.disconnect();
      ledgerRedis.disconnect();
      await http?.close();
      // Who never began has said why, and took nothing that could have been abandoned.
      if (saidStarted) logger.info({ abandoned: drained.abandoned }, 'worker stopped');
      return drained;
    },
  };
}

interface Started {
  redis: Redis;
  ledgerRedis: Redis;
  store: StoreWatch;
  channels: RunningChannel[];
  guard: ClockGuard;
  rounds: Rounds;
  health: Health;
  begin(): Promise<void>;
}

interface StartDeps {
  redis: Redis;
  ledgerRedis: Redis;
  store: StoreWatch;
  channels: RunningChannel[];
  metrics: Metrics;
  clock: Clock;
  logger: Logger;
}

function start({ redis, ledgerRedis, store, channels, metrics, clock, logger }: StartDeps): Started {
  let begun = false;
  let agreed = true;
  const guard = createClockGuard(redis, clock, (offsetMs, agrees) => {
    metrics.clockOffset(offsetMs);
    if (agrees !== agreed) {
      agreed = agrees;
      const text = agrees ? 'clock agrees with Redis again' : 'clock differs from Redis: not taking messages';
      logger[agrees ? 'info' : 'error']({ offset_ms: offsetMs }, text);
    }
    if (begun) for (const { worker } of channels) worker.pull(agrees);
  });
  const watchdog = createWatchdog(clock);
  const rounds = createRounds({
    ...{ channels, metrics, logger },
    onSample({ config: { name, concurrency }, worker }, { ready, limited }) {
      const willing = guard.agrees() && !limited && worker.active() < concurrency;
      watchdog.look(name, { ready, willing, takenAt: worker.lastTakenAt() });
    },
  });
  const health = createHealth({ redis, store, guard, rounds, watchdog });
  return {
    redis,
    ledgerRedis,
    store,
    channels,
    guard,
    rounds,
    health,
    async begin() {
      for (const channel of channels) await channel.prepare();
      await announceChannels(
        redis,
        channels.map(({ config }) => config),
      );
      begun = true;
      await guard.measure();
      guard.start();
      rounds.start();
    },
  };
}

/** Without an answer for so long a connection is given up. Longer than BullMQ's blocking question for a job, of 10 s. */
const SILENCE_MS = 12_000;

/** Commands wait for a Redis that is away: a worker's answer to an outage is patience. */
const connect = (url: string, options: Partial<typeof WATCHED_CONNECTION> = {}): Redis =>
  new Redis(url, {
    ...tlsOptions(url),
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(50 * times, 1_000),
    // A peer that went away without a word (a firewall that forgot the connection) would be waited for without end.
    socketTimeout: SILENCE_MS,
    // A peer that does not answer the end of a connection must not keep a closed worker alive.
    disconnectTimeout: 100,
    ...options,
  });
