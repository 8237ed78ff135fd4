import { hostname } from 'node:os';
import { announceChannels } from '../channels/registry.ts';
import { type Clock, type Random, systemClock } from '../clock.ts';
import type { HeraldConfig } from '../config/schema.ts';
import { type HttpServer, startHttpServer } from '../http/probes.ts';
import { ledgerBase } from '../jobs/queues.ts';
import { refusedByStore } from '../ledger/ledger.ts';
import { checkPermissions } from '../ledger/permissions.ts';
import { createMessageSchemas } from '../message/schema.ts';
import { readVersion } from '../observe/build-info.ts';
import { combineObservers } from '../observe/composite-observer.ts';
import type { Logger } from '../observe/log.ts';
import { createLogObserver } from '../observe/log-observer.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import { refusesWrites } from '../redis/refusals.ts';
import { createTurns } from '../turns.ts';
import { AccountTakenError } from './account-claim.ts';
import { type ChannelDeps, createChannel, type RunningChannel, type Wrappers } from './channel.ts';
import { type ClockGuard, createClockGuard } from './clock-guard.ts';
import { closeWithin, type Drained } from './drain.ts';
import { tellFindings } from './findings.ts';
import { createHealth, type Health } from './health.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { createRounds, type Rounds } from './maintenance.ts';
import { QuotaChangedError } from './policy-change.ts';
import { createStoreClock, type StoreClock } from './store-clock.ts';
import { createWatchdog } from './watchdog.ts';
import { openWorkerStore, type WorkerStore } from './worker-store.ts';

/** A worker process put together: which part gets what. Nothing connects before `start`. */

export interface HeraldWorker {
  /**
   * Connects, checks and starts to deliver; resolves when the channels are at work. Waits for a Redis that is away. Once.
   * @throws QuotaChangedError, AccountTakenError, DatabaseRefusedError, PermissionError; RedisUnreachableError for a login that is refused
   *   and for what is no Redis
   */
  start(): Promise<void>;
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
  const { logger, platforms, random = Math.random } = parts;
  const clock = createStoreClock(parts.clock ?? systemClock);
  const metrics = createMetrics({ version: readVersion() });
  let started: Started | undefined;
  let http: HttpServer | undefined;
  let saidStarted = false;

  async function start(): Promise<void> {
    const store = openWorkerStore({
      url: config.redis,
      clock,
      logger,
      onRefusing: () => started?.pull(),
    });
    const shared: Omit<ChannelDeps, 'definition'> = {
      redis: store.redis,
      ledgerRedis: store.ledgerRedis,
      store: store.watch,
      schemas: createMessageSchemas(platforms),
      keepReceipts: config.receipts.keep,
      clock,
      random,
      logger,
      turns: createTurns(clock),
      tellError: store.tellError,
      observer: combineObservers(metrics, createLogObserver(logger)),
      wrap: parts.wrap,
    };
    const channels = config.channels.map((channel) => {
      metrics.watch(channel.name, channel.platform);
      return createChannel(channel, { ...shared, definition: platforms[channel.platform]! });
    });
    started = assemble({ store, channels, metrics, clock, logger });
    const { health } = started;
    if (config.http) {
      http = await startHttpServer({ ...config.http, metrics, live: health.live, ready: health.ready });
    }
    await Promise.race([started.begin(), store.refused]);
    saidStarted = true;
    logger.info({ channels: channels.map(({ config: { name } }) => name), url: http?.url }, 'worker started');
  }

  return {
    start,
    metrics,
    get url() {
      return http?.url;
    },
    async close({ deadlineMs = config.drainTimeoutMs } = {}) {
      if (!started) return { drained: true, abandoned: 0 };
      const { store, channels, rounds, guard, heartbeat } = started;
      guard.stop();
      rounds.stop();
      const drained = await closeWithin(channels, {
        deadlineMs,
        clock,
        reachable: () => store.redis.status === 'ready',
      });
      await heartbeat.stop();
      store.close();
      await http?.close();
      // Who never began has said why, and took nothing that could have been abandoned.
      if (saidStarted) logger.info({ abandoned: drained.abandoned }, 'worker stopped');
      return drained;
    },
  };
}

interface Started {
  store: WorkerStore;
  channels: RunningChannel[];
  guard: ClockGuard;
  rounds: Rounds;
  health: Health;
  heartbeat: Heartbeat;
  begin(): Promise<void>;
  /** Takes messages or stops taking them, as clock and store allow. */
  pull(): void;
}

interface StartDeps {
  store: WorkerStore;
  channels: RunningChannel[];
  metrics: Metrics;
  clock: StoreClock;
  logger: Logger;
}

function assemble({ store, channels, metrics, clock, logger }: StartDeps): Started {
  let begun = false;
  let agreed = true;
  const pull = (): void => {
    const on = guard.agrees() && !watch.trouble()?.refusing;
    if (begun) for (const channel of channels) channel.pull(on);
  };
  const { redis, watch } = store;
  const guard = createClockGuard(redis, clock, (offsetMs, agrees) => {
    metrics.clockOffset(offsetMs);
    if (agrees !== agreed) {
      agreed = agrees;
      const text = agrees ? 'clock agrees with Redis again' : 'clock differs from Redis: not taking messages';
      logger[agrees ? 'info' : 'error']({ offset_ms: offsetMs }, text);
    }
    pull();
  });
  let unfit: Error | undefined;
  /** What only a person can mend ends the start; later, it must not hold up the other channels. */
  function noticeUnfit(error: unknown): void {
    const lasting =
      error instanceof QuotaChangedError || error instanceof AccountTakenError || refusedByStore(error);
    if (!lasting || refusesWrites(error)) throw error;
    unfit = error as Error;
    if (begun) logger.error({ error: String(error) }, 'channel could not be prepared again');
  }
  watch.add({
    /** What else lies in the store of these channels: written at the start, and where it may have been lost. */
    async tell() {
      for (const channel of channels) await channel.prepare().catch(noticeUnfit);
      const configs = channels.map(({ config }) => config);
      await announceChannels(redis, configs);
      return 0;
    },
    holds: async () => true,
  });
  const watchdog = createWatchdog(clock);
  const rounds = createRounds({
    ...{ channels, metrics, logger },
    onSample({ config: { name, concurrency }, worker, stopped }, { ready, limited }) {
      const free = !limited && !stopped() && worker.active() < concurrency;
      const willing = guard.agrees() && !watch.trouble() && free;
      watchdog.look(name, { ready, willing, takenAt: worker.lastTakenAt() });
    },
  });
  const heartbeat = createHeartbeat({
    redis,
    channels: channels.map(({ config }) => config.name),
    identity: { host: hostname(), pid: process.pid, since: clock.now() },
    logger,
  });
  const health = createHealth({ redis, store: watch, guard, rounds, watchdog });
  return {
    store,
    channels,
    guard,
    rounds,
    health,
    heartbeat,
    pull,
    async begin() {
      await checkPermissions(redis, ledgerBase(channels[0]!.config.name));
      await tellFindings(redis, logger);
      await watch.pending();
      if (unfit) throw unfit;
      begun = true;
      await guard.measure();
      guard.start();
      rounds.start();
      await heartbeat.start();
    },
  };
}
