import { type Clock, type Random, systemClock } from '../clock.ts';
import type { HeraldConfig } from '../config/schema.ts';
import type { RequestHandler } from '../http/listen.ts';
import { createProbes, type HttpServer } from '../http/probes.ts';
import { messageSchemasOf } from '../message/schema.ts';
import { readVersion } from '../observe/build-info.ts';
import { combineObservers } from '../observe/composite-observer.ts';
import type { Logger } from '../observe/log.ts';
import { createLogObserver } from '../observe/log-observer.ts';
import { createMetrics, type Metrics, type MetricsOptions } from '../observe/metrics.ts';
import { limitStorms } from '../observe/storm-limit.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import type { RedisInstance } from '../redis/option.ts';
import { createStoreClock, type StoreClock } from '../redis/store-clock.ts';
import type { OpenServices } from '../serve/services.ts';
import { type Duration, durationOption } from '../time.ts';
import { exportTraces } from '../tracing/otlp.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { createTurns } from '../turns.ts';
import { assemble, type RunningParts } from './assembly.ts';
import { createChannel, type RunningChannel } from './channel.ts';
import { closeWithin, type Drained } from './drain.ts';
import { createEventLoopLag } from './event-loop-lag.ts';
import { DRAINING, type Health, NOT_RUNNING } from './health.ts';
import type { Wrappers } from './running-store.ts';
import { openWorkerStores, type WorkerStores } from './worker-stores.ts';

/** Assembles a worker process. Nothing connects before `start`. */

export interface HeraldWorker {
  /**
   * Connects, runs the checks and starts to deliver; resolves when the channels are served, or once a `close()` has ended
   * the start. Waits while Redis is unreachable. A worker can be started once.
   * @throws QuotaChangedError, ShardsChangedError, AccountTakenError, DatabaseRefusedError, PermissionError; RedisUnreachableError if the login
   *   is refused or the server is not Redis
   */
  start(): Promise<void>;
  /**
   * Stops picking up jobs, lets those in progress finish, and abandons the rest at the deadline.
   * A second call with less time brings the deadline nearer.
   * @param options `deadline`: how long closing may take, by default the configured drain timeout; `deadlineMs`: the same in
   *   milliseconds
   */
  close(options?: { deadline?: Duration; deadlineMs?: number }): Promise<Drained>;
  /**
   * Serves `/metrics`, `/livez` and `/readyz` in an HTTP server of the application: with `node:http`, or mounted in a
   * framework. Can be used before the start, when the worker is live but not ready.
   */
  readonly metricsHandler: RequestHandler;
  /** The body of `/metrics`, in the Prometheus text format. */
  metrics(): Promise<string>;
  /** The URL of the configured HTTP server, once running. */
  readonly url: string | undefined;
}

export interface WorkerParts {
  platforms: Readonly<Record<string, PlatformDefinition>>;
  logger: Logger;
  /** The registry of the metrics; the worker's own when absent. */
  registry?: MetricsOptions['registry'];
  /** What the process serves over HTTP beside its probes; nothing when absent. */
  services?: OpenServices | undefined;
  /** Used instead of the configuration's URL: duplicated, and never closed. */
  redis?: RedisInstance | undefined;
  /** Of the application; it goes before that of the configuration. */
  tracing?: Tracing | undefined;
  clock?: Clock | undefined;
  random?: Random | undefined;
  wrap?: Wrappers | undefined;
  /** Of the credentials' fingerprint, see `credentialsFingerprint`: less where no secret is real. */
  fingerprintCost?: number | undefined;
}

/** @param config the channels to serve; leave out channels to serve only some of them */
export function buildWorker(config: HeraldConfig, parts: WorkerParts): HeraldWorker {
  const logger = limitStorms(parts.logger);
  const clock = createStoreClock(parts.clock ?? systemClock);
  const version = readVersion();
  const metrics = createMetrics({ version, registry: parts.registry, clock });
  const lag = createEventLoopLag(clock, metrics.eventLoopLag);
  const exporting =
    parts.tracing || !config.tracing ? undefined : exportTraces(config.tracing, version, logger);
  const tracing = parts.tracing ?? exporting?.tracing;
  let running: RunningParts | undefined;
  let http: HttpServer | undefined;
  const services = parts.services?.({ metrics, logger }) ?? [];
  let started = false;
  let closing: Promise<Drained> | undefined;
  /** Resolves when a close is over: what the start waits for may never come then. */
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const health = (): Health => (closing ? DRAINING : (running?.health ?? NOT_RUNNING));
  const probes = createProbes({
    metrics,
    live: () => health().live(),
    ready: () => health().ready(),
  });

  async function start(): Promise<void> {
    const stores = openWorkerStores({
      redis: parts.redis ?? config.redis,
      ...{ machineClock: parts.clock ?? systemClock, clock, logger, metrics },
      onChange: () => running?.pull(),
    });
    const channels = openChannels(config, { ...parts, logger, tracing }, { stores, metrics, clock });
    lag.start();
    running = assemble({ stores, channels, metrics, clock, logger });
    if (config.http) http = await probes.listen(config.http);
    await Promise.all(services.map((service) => service.start()));
    try {
      await Promise.race([running.begin(), ...stores.all().map(({ refused }) => refused), ended]);
    } catch (error) {
      if (!closing) throw error;
    }
    if (closing) return void (await closing);
    started = true;
    logger.info({ channels: channels.map(({ config: { name } }) => name), url: http?.url }, 'worker started');
  }

  async function drain(parts: RunningParts): Promise<Drained> {
    const { stores, channels, gauges, heartbeat } = parts;
    const startedAt = clock.monotonic();
    metrics.draining(1);
    parts.stop();
    const servicesClosed = Promise.all(services.map((service) => service.close(endsAt - startedAt)));
    const drained = await closeWithin(channels, {
      endsAt: () => endsAt,
      clock,
    });
    await heartbeat.stop();
    stores.close();
    await exporting?.close();
    await servicesClosed;
    await http?.close();
    // They would go stale in the application's registry.
    gauges.clear();
    lag.stop();
    metrics.draining(-1);
    logger.flush();
    const drainMs = Math.round(clock.monotonic() - startedAt);
    if (started) logger.info({ abandoned: drained.abandoned, drain_ms: drainMs }, 'worker stopped');
    return drained;
  }

  let endsAt = Number.POSITIVE_INFINITY;
  return {
    start,
    async close({ deadlineMs = config.drainTimeoutMs, deadline = deadlineMs } = {}) {
      const withinMs = durationOption('deadline', deadline, { from: 0, to: 2 ** 31 - 1 });
      if (!running) return { drained: true, abandoned: 0 };
      endsAt = Math.min(endsAt, clock.monotonic() + withinMs);
      // A worker that failed to start has reported why, and has nothing to finish.
      if (started && !closing)
        logger.info({ deadline_ms: withinMs }, 'worker stopping: waiting for requests in flight');
      closing ??= drain(running).finally(end);
      return await closing;
    },
    metricsHandler: probes.handler,
    metrics: async () => (await metrics.render()).text,
    get url() {
      return http?.url;
    },
  };
}

interface Shared {
  stores: WorkerStores;
  metrics: Metrics;
  clock: StoreClock;
}

function openChannels(
  config: HeraldConfig,
  { platforms, logger, random = Math.random, tracing, wrap, fingerprintCost }: WorkerParts,
  { stores, metrics, clock }: Shared,
): RunningChannel[] {
  const deps = {
    stores,
    schemas: messageSchemasOf(platforms),
    keepReceipts: config.receipts.keep,
    random,
    logger,
    turns: createTurns(clock),
    onRedisCall: metrics.redis.called,
    observer: combineObservers(metrics, createLogObserver(logger)),
    tracing,
    wrap,
    fingerprintCost,
  };
  return config.channels.map((channel) => {
    metrics.watch(channel);
    return createChannel(channel, { ...deps, definition: platforms[channel.platform]! });
  });
}
