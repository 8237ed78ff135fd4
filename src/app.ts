import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { Registry } from 'prom-client';
import {
  type Admin,
  buildAdmin,
  type DeadLetterSelection,
  type ReplayControl,
  type Replayed,
} from './admin/admin.ts';
import { systemClock } from './clock.ts';
import { type ParseOptions, parseConfig } from './config/parse.ts';
import type { ConfigInput, HeraldConfig } from './config/schema.ts';
import { environment } from './environment.ts';
import { knownMessages, recordPlays } from './ledger/lookups.ts';
import type { InputOf } from './message/schema.ts';
import { createLogger, type Logger } from './observe/log.ts';
import { countAccepted } from './observe/metrics.ts';
import { platforms } from './platforms/registry.ts';
import { type KeptPlays, playTtl } from './policies/admission.ts';
import { buildProducer, type Producer, type ProducerOptions } from './producer/producer.ts';
import { channelStore } from './redis/channel-store.ts';
import { checkRedis, type RedisInstance } from './redis/option.ts';
import { buildWorker, type HeraldWorker } from './workers/worker.ts';

/** The composition root: Herald's own platforms, ledger, clock and log handed to the parts that applications use. */

export type MessageInput = InputOf<typeof platforms>;

/** What `createWorker` takes: an object of herald.yaml's shape, for `satisfies WorkerConfig`. */
export type WorkerConfig = ConfigInput<typeof platforms>;

export interface CreateProducerOptions extends ProducerOptions {
  /** The application's prom-client registry: gets `herald_accepted_total{channel,status}`. */
  registry?: Registry;
}

export function createProducer({ registry, ...options }: CreateProducerOptions): Producer<MessageInput> {
  const count = registry && countAccepted(registry);
  const onAccepted: ProducerOptions['onAccepted'] = (channel, status) => {
    count?.(channel, status);
    options.onAccepted?.(channel, status);
  };
  return buildProducer({ ...options, onAccepted }, { platforms, clock: systemClock, openLedger });
}

const openLedger = (redis: Redis) => ({
  known: (channel: string, ids: readonly string[]) => knownMessages(channelStore(redis, channel), ids),
  async recordPlays(
    channel: string,
    plays: readonly { recipient: string; at: number }[],
    eligibility: KeptPlays | null | undefined,
  ) {
    await recordPlays(channelStore(redis, channel), plays, playTtl(eligibility));
  },
});

export interface CreateWorkerOptions {
  /** Gets the worker's log, as it is: nothing is struck out of it by Herald. JSON lines on standard output when absent. */
  logger?: Logger;
  /**
   * The application's prom-client registry: gets Herald's metrics, without Node's own. Workers of one process may share
   * it. A registry of the worker's own when absent.
   */
  registry?: Registry;
}

/**
 * @param source is checked whatever its type said, and `${NAME}` in it is read from the environment
 * @throws ConfigError with every problem found
 */
export function createWorker(source: WorkerConfig, options: CreateWorkerOptions = {}): HeraldWorker {
  const config = readConfig(source, 'resolve');
  const logger = options.logger ?? createLogger({ level: config.logLevel, secrets: secretsOf(config) });
  return buildWorker(config, { platforms, logger, registry: options.registry });
}

function readConfig(source: WorkerConfig, secrets: ParseOptions['secrets']): HeraldConfig {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  return parseConfig(source, { platforms, env: environment(), secrets, readFile });
}

/** A worker for a configuration that was read before. */
export const workerOf = (config: HeraldConfig, logger: Logger): HeraldWorker =>
  buildWorker(config, { platforms, logger });

export interface CreateAdminOptions {
  /** A redis:// or rediss:// URL, or an ioredis instance, which is duplicated and never closed. */
  redis: string | RedisInstance;
  /**
   * What the workers are configured with, where it is at hand: channels are then known before a worker has served them. Its
   * credentials are not needed, and its `redis` is not looked at.
   */
  config?: WorkerConfig;
}

/** @throws ConfigError; TypeError for what is no Redis */
export function createAdmin({ redis, config }: CreateAdminOptions): Admin {
  checkRedis(redis);
  const channels = config ? readConfig(config, 'leave').channels : [];
  return buildAdmin({ redis, channels }, { platforms, clock: systemClock });
}

export interface ReplayDeadLettersOptions
  extends DeadLetterSelection,
    Pick<ReplayControl, 'perSecond' | 'signal' | 'onReplayed'> {
  /** A redis:// or rediss:// URL, or an ioredis instance, which is duplicated and never closed. */
  redis: string | RedisInstance;
}

/** `createAdmin(…).deadLetters.replay(…)` for a program that does nothing else with it. */
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

/** Every value that must not be written anywhere: the channels' credentials and the password of Redis. */
export function secretsOf({ channels, redis }: HeraldConfig): string[] {
  const credentials = channels.flatMap(({ platform, settings }) =>
    (platforms[platform as keyof typeof platforms]?.secrets ?? []).map((name) => String(settings[name])),
  );
  return [...credentials, ...passwordsOf(redis)].filter((secret) => secret !== '');
}

/** As Redis takes it and as it stands in the URL, whatever of it was percent-encoded: either may turn up in a text. */
function passwordsOf(redis: string): string[] {
  if (!URL.canParse(redis)) return [];
  const written = new URL(redis).password;
  return [written, unescaped(written)];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A `%` that begins no escape.
  }
}
