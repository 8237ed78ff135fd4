import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import type { HeraldConfig } from '../config/schema.ts';
import { redisUrl } from '../config/values.ts';
import type { ListedChannel } from '../producer/known-channels.ts';
import { REDIS_URL_WANTED } from '../redis/url.ts';
import { wrongUsage } from './failure.ts';
import type { Invocation } from './shell.ts';

/** What a command that only enqueues or looks needs of the configuration: no credentials. */
export interface Settings {
  /** A redis:// or rediss:// URL. */
  redis: string;
  /** The configured channels; none without a configuration. */
  channels: readonly ListedChannel[];
}

const DEFAULT_REDIS = 'redis://127.0.0.1:6379';

type Given = Pick<Invocation, 'context' | 'options' | 'output'>;

/**
 * Reads the configuration without its secrets. A host that only enqueues may have none: REDIS_URL, or the Redis of this
 * machine, then serves; a configuration that was named must exist.
 * @throws ConfigError, CommandFailure
 */
export function readSettings(given: Given): Settings {
  const config = readConfiguration(given);
  if (!config) return { redis: redisOfEnvironment(given), channels: [] };
  const { redis, channels } = config;
  return { redis, channels: channels.map(({ name, platform }) => ({ name, platform })) };
}

/**
 * The configuration without its secrets; undefined where there is none and none was named.
 * @throws ConfigError
 */
export function readConfiguration({ context: { env }, options }: Given): HeraldConfig | undefined {
  const named = options.config ?? (env['HERALD_CONFIG'] || undefined);
  if (named === undefined && !existsSync('herald.yaml')) return undefined;
  return loadConfig(options.config, { env, secrets: 'leave' });
}

/** @throws CommandFailure where REDIS_URL is none */
export function redisOfEnvironment({ context: { env }, output }: Given): string {
  const given = env['REDIS_URL'] || undefined;
  // An operator who forgot the configuration must not mistake this machine's Redis for the intended one.
  if (given === undefined)
    output.note(`herald: no herald.yaml here and no REDIS_URL: using ${DEFAULT_REDIS}`);
  const redis = redisUrl.safeParse(given ?? DEFAULT_REDIS);
  if (!redis.success) throw wrongUsage(`REDIS_URL: ${REDIS_URL_WANTED}`);
  return redis.data;
}
