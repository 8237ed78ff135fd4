import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import { redis as redisSchema } from '../config/redis.ts';
import type { HeraldConfig } from '../config/schema.ts';
import { check } from '../message/check.ts';
import type { ListedChannel } from '../producer/known-channels.ts';
import type { RedisAddress } from '../redis/address.ts';
import { wrongUsage } from './failure.ts';
import type { Invocation } from './shell.ts';

/** What a command that only enqueues or reads needs of the configuration: no credentials. */
export interface Settings {
  redis: RedisAddress;
  /** The configured channels; none without a configuration. */
  channels: readonly ListedChannel[];
}

const DEFAULT_REDIS = 'redis://127.0.0.1:6379';

type Given = Pick<Invocation, 'context' | 'options' | 'output'>;

/**
 * Reads the configuration without its secrets. A host that only enqueues may have none: then REDIS_URL is used, or the Redis of this
 * machine. A configuration that was named must exist.
 * @throws ConfigError, CommandFailure
 */
export function readSettings(given: Given): Settings {
  const config = readConfiguration(given);
  if (!config) return { redis: redisOfEnvironment(given), channels: [] };
  const { redis, channels } = config;
  return { redis, channels: channels.map(({ name, platform, shards }) => ({ name, platform, shards })) };
}

/**
 * The configuration without its secrets; undefined if there is none and none was named.
 * @throws ConfigError
 */
export function readConfiguration({ context: { env }, options }: Given): HeraldConfig | undefined {
  const named = options.config ?? (env['HERALD_CONFIG'] || undefined);
  if (named === undefined && !existsSync('herald.yaml')) return undefined;
  return loadConfig(options.config, { env, secrets: 'skip' });
}

/**
 * The Redis of REDIS_URL, or the cluster of REDIS_CLUSTER, its URLs separated by commas.
 * @throws CommandFailure if the address is invalid, or both are set
 */
export function redisOfEnvironment({ context: { env }, output }: Given): RedisAddress {
  const [url, cluster] = [env['REDIS_URL'] || undefined, env['REDIS_CLUSTER'] || undefined];
  if (url !== undefined && cluster !== undefined)
    throw wrongUsage('both REDIS_URL and REDIS_CLUSTER are set: unset one of them');
  // An operator who forgot the configuration must not mistake this machine's Redis for the intended one.
  if (url === undefined && cluster === undefined)
    output.note(`herald: no herald.yaml here and no REDIS_URL: using ${DEFAULT_REDIS}`);
  const redis = check(redisSchema, cluster === undefined ? (url ?? DEFAULT_REDIS) : { cluster });
  if ('data' in redis) return redis.data;
  throw wrongUsage(`${cluster === undefined ? 'REDIS_URL' : 'REDIS_CLUSTER'}: ${redis.problems[0]?.message}`);
}
