import { readFileSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { type Admin, buildAdmin } from './admin/admin.ts';
import { type Actor, processActor } from './admin/audit.ts';
import type { DeadLetterSelection, ReplayControl, Replayed } from './admin/dead-letter-admin.ts';
import { systemClock } from './clock.ts';
import { type ParseOptions, parseConfig } from './config/parse.ts';
import type { ConfigInput, HeraldConfig } from './config/schema.ts';
import { environment } from './environment.ts';
import type { InputOf, Platforms } from './message/schema.ts';
import { readVersion } from './observe/build-info.ts';
import { createLogger, type Logger } from './observe/log.ts';
import { countAccepted } from './observe/metrics.ts';
import { checkMethods, checkOptions, type OptionNames } from './options.ts';
import { type platforms, withOwn } from './platforms/registry.ts';
import { plays, servicesOf } from './processes.ts';
import { buildProducer, type Producer, type ProducerOptions } from './producer/producer.ts';
import { checkRedis, isInstance, type RedisInstance, type RedisOption } from './redis/option.ts';
import { secretsOf } from './secrets.ts';
import { traceEnqueues } from './tracing/enqueues.ts';
import { createTracing, type Tracing, type TracingApi } from './tracing/tracing.ts';
import { buildWorker, type HeraldWorker } from './workers/worker.ts';

/** What applications call: it checks their options, and passes Herald's platforms, ledger, clock and log to the parts. */

/**
 * Custom platforms, by name, made with `definePlatform` of `herald/platform`. Messages and channels refer to a platform by
 * this name, which must differ from the built-in ones.
 */
export type OwnPlatforms = Platforms;
// biome-ignore lint/complexity/noBannedTypes: an object type without keys adds no platforms
type NoPlatforms = {};
type All<P> = typeof platforms & P;

export type MessageInput<P extends OwnPlatforms = NoPlatforms> = InputOf<All<P>>;

/** The configuration of `createWorker`: an object of the shape of herald.yaml, for `satisfies WorkerConfig`. */
export type WorkerConfig<P extends OwnPlatforms = NoPlatforms> = Omit<ConfigInput<All<P>>, 'redis'> & {
  /**
   * A redis:// or rediss:// URL, `{ cluster: [urls] }`, `{ sentinels: [urls], name }`, or an ioredis instance, which is duplicated and
   * never closed;
   * `redis://127.0.0.1:6379` when absent.
   */
  redis?: RedisOption | undefined;
};

export interface CreateProducerOptions<P extends OwnPlatforms = NoPlatforms> extends ProducerOptions {
  /** The application's prom-client registry, in which `herald_accepted_total{channel,status}` is registered. */
  registry?: Registry;
  /** The module `@opentelemetry/api`: `send` and `sendMany` are then traced, and messages carry their trace context. */
  tracing?: TracingApi | undefined;
  platforms?: P;
}

const PRODUCER_OPTIONS: OptionNames<CreateProducerOptions> = {
  redis: true,
  channels: true,
  timeout: true,
  timeoutMs: true,
  onAccepted: true,
  registry: true,
  tracing: true,
  platforms: true,
};

const checkRegistry = (registry: Registry | undefined): void =>
  checkMethods('registry', registry, ['registerMetric', 'getSingleMetric'], 'a Registry of prom-client');

/** @throws TypeError for a wrong option */
export function createProducer<P extends OwnPlatforms>(
  options: CreateProducerOptions<P> & { platforms: P },
): Producer<MessageInput<P>>;
export function createProducer(options: CreateProducerOptions): Producer<MessageInput>;
export function createProducer<P extends OwnPlatforms>(
  given: CreateProducerOptions<P>,
): Producer<MessageInput<P>> {
  checkOptions<object>('createProducer', given, PRODUCER_OPTIONS);
  const { registry, platforms: own, tracing, ...options } = given;
  checkRegistry(registry);
  const count = registry && countAccepted(registry);
  const onAccepted: ProducerOptions['onAccepted'] = (channel, status, by) => {
    count?.(channel, status, by);
    options.onAccepted?.(channel, status, by);
  };
  const parts = { platforms: withOwn(own), clock: systemClock, plays };
  const producer = buildProducer<All<P>>({ ...options, onAccepted }, parts);
  return tracing ? traceEnqueues(producer, tracingOf(tracing)) : producer;
}

const tracingOf = (api: TracingApi): Tracing =>
  createTracing(api, api.trace.getTracer('herald', readVersion()));

export interface CreateWorkerOptions<P extends OwnPlatforms = NoPlatforms> {
  /** The logger of the worker; Herald does not redact its lines. JSON lines on standard output when absent. */
  logger?: Logger;
  /**
   * The application's prom-client registry, in which Herald's metrics are registered, without Node's default metrics. Workers
   * of one process may share it. A separate registry when absent.
   */
  registry?: Registry;
  /** The module `@opentelemetry/api`: deliveries are then traced by the SDK that the application has set up. */
  tracing?: TracingApi | undefined;
  platforms?: P;
}

const WORKER_OPTIONS: OptionNames<CreateWorkerOptions> = {
  logger: true,
  registry: true,
  tracing: true,
  platforms: true,
};

/**
 * @param source is validated at runtime, and `${NAME}` in it is read from the environment
 * @throws ConfigError with every problem found; TypeError for a wrong option
 */
export function createWorker<P extends OwnPlatforms = NoPlatforms>(
  source: WorkerConfig<NoInfer<P>>,
  options: CreateWorkerOptions<P> = {},
): HeraldWorker {
  checkOptions<object>('createWorker', options, WORKER_OPTIONS);
  const { registry, tracing: api } = options;
  checkRegistry(registry);
  const calls = ['debug', 'info', 'warn', 'error', 'child'];
  checkMethods('logger', options.logger, calls, `a logger with ${calls.join(', ')}`);
  const platforms = withOwn(options.platforms);
  const { config, redis } = readConfig(source, platforms, 'resolve');
  const secrets = secretsOf(config, platforms);
  const logger = options.logger ?? createLogger({ level: config.logLevel, secrets });
  const tracing = api && tracingOf(api);
  const services = servicesOf(config, { platforms, redis });
  return buildWorker(config, { platforms, logger, registry, redis, tracing, services });
}

/** Takes an ioredis instance out of the configuration before the rest is parsed. */
function readConfig(
  source: { redis?: RedisOption | undefined },
  platforms: OwnPlatforms,
  secrets: ParseOptions['secrets'],
): { config: HeraldConfig; redis?: RedisInstance } {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const options = { platforms, env: environment(), secrets, readFile };
  // Without TypeScript, anything may be passed.
  const { redis } = Object(source) as typeof source;
  if (!isInstance(redis)) return { config: parseConfig(source, options) };
  checkRedis(redis);
  return { config: parseConfig({ ...source, redis: undefined }, options), redis };
}

export interface CreateAdminOptions<P extends OwnPlatforms = NoPlatforms> {
  /**
   * A redis:// or rediss:// URL, `{ cluster: [urls] }`, `{ sentinels: [urls], name }`, or an ioredis instance, which is duplicated
   * and never closed.
   */
  redis: RedisOption;
  /**
   * The configuration of the workers, if available: channels are then known before a worker has served them. Its
   * credentials are not needed, and its `redis` is ignored.
   */
  config?: WorkerConfig<NoInfer<P>>;
  platforms?: P;
  /** The actor that its operations are recorded as; the process's user and host when absent. */
  actor?: Actor;
}

const ADMIN_OPTIONS: OptionNames<CreateAdminOptions> = {
  redis: true,
  config: true,
  platforms: true,
  actor: true,
};

/** @throws ConfigError; TypeError for a wrong option */
export function createAdmin<P extends OwnPlatforms = NoPlatforms>(given: CreateAdminOptions<P>): Admin {
  checkOptions<object>('createAdmin', given, ADMIN_OPTIONS);
  const { redis, config, ...options } = given;
  checkRedis(redis);
  const platforms = withOwn(options.platforms);
  const channels = config ? readConfig(config, platforms, 'skip').config.channels : [];
  const actor = options.actor ?? processActor('program');
  return buildAdmin({ redis, channels }, { platforms, clock: systemClock }, actor);
}

export interface ReplayDeadLettersOptions
  extends DeadLetterSelection,
    Pick<ReplayControl, 'perSecond' | 'signal' | 'onReplayed'> {
  /**
   * A redis:// or rediss:// URL, `{ cluster: [urls] }`, `{ sentinels: [urls], name }`, or an ioredis instance, which is duplicated
   * and never closed.
   */
  redis: RedisOption;
}

/** Shorthand for `createAdmin(…).deadLetters.replay(…)`. */
export async function replayDeadLetters({
  redis,
  perSecond,
  signal,
  onReplayed,
  ...selection
}: ReplayDeadLettersOptions): Promise<Replayed> {
  const admin = createAdmin({ redis });
  try {
    return await admin.deadLetters.replay(selection, { perSecond, signal, onReplayed });
  } finally {
    await admin.close();
  }
}
