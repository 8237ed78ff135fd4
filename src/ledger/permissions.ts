import type { Redis } from 'ioredis';
import { HeraldError } from '../error.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { CHANNELS_KEY, DIRECTORY_SCRATCH } from '../redis/keys.ts';
import { loadScript } from './script.ts';

/**
 * Every command of BullMQ's scripts and of the ledger's, with arguments that change nothing but the scratch key `@`.
 * A test compares the names with the scripts.
 */
export const SCRIPTED: readonly (readonly string[])[] = [
  ...['GET', 'PTTL', 'PERSIST', 'TYPE', 'EXISTS', 'DEL', 'UNLINK', 'PEXPIRETIME', 'INCR'].map((name) => [
    name,
    '@',
  ]),
  ...['LLEN', 'RPOP', 'LPOP', 'HGETALL', 'HLEN', 'SMEMBERS', 'SCARD', 'ZCARD', 'ZPOPMIN', 'XLEN'].map(
    (name) => [name, '@'],
  ),
  ...['TIME'].map((name) => [name]),
  ['INFO', 'replication'],
  ['SET', '@', '1'],
  ['INCRBY', '@', '1'],
  ['PEXPIRE', '@', '1'],
  ['PEXPIREAT', '@', '1'],
  ['RENAME', '@', '@'],
  ['LPUSH', '@', '1'],
  ['RPUSH', '@', '1'],
  ['RPOPLPUSH', '@', '@'],
  ['LRANGE', '@', '0', '0'],
  ['LINDEX', '@', '0'],
  ['LPOS', '@', '1'],
  ['LREM', '@', '0', '1'],
  ['LSET', '@', '0', '1'],
  ['LTRIM', '@', '0', '0'],
  ['HSET', '@', 'f', '1'],
  ['HMSET', '@', 'f', '1'],
  ['HGET', '@', 'f'],
  ['HMGET', '@', 'f'],
  ['HDEL', '@', 'f'],
  ['HEXISTS', '@', 'f'],
  ['HINCRBY', '@', 'f', '1'],
  ['SADD', '@', '1'],
  ['SREM', '@', '1'],
  ['SISMEMBER', '@', '1'],
  ['ZADD', '@', '1', '1'],
  ['ZREM', '@', '1'],
  ['ZSCORE', '@', '1'],
  ['ZMSCORE', '@', '1'],
  ['ZRANGE', '@', '0', '0'],
  ['ZREVRANGE', '@', '0', '0'],
  ['ZRANGEBYSCORE', '@', '0', '0'],
  ['ZREVRANGEBYSCORE', '@', '0', '0'],
  ['ZRANGEBYLEX', '@', '-', '+'],
  ['ZLEXCOUNT', '@', '-', '+'],
  ['ZCOUNT', '@', '0', '0'],
  ['ZREMRANGEBYSCORE', '@', '0', '0'],
  ['ZREMRANGEBYRANK', '@', '0', '0'],
  ['XADD', '@', '*', 'f', '1'],
  ['XTRIM', '@', 'MAXLEN', '0'],
  ['XRANGE', '@', '-', '+'],
  ['XREAD', 'STREAMS', '@', '0'],
  ['XDEL', '@', '0-1'],
];

/** What a worker asks on its connection, outside of scripts. */
const PLAIN: readonly (readonly string[])[] = [
  ['INFO', 'server'],
  ['TIME'],
  ['HSET', '@', 'f', '1'],
  ['HGETALL', '@'],
  ['ZMSCORE', '@', '1'],
  ['HSCAN', '@', '0'],
  ['DEL', '@'],
  // The shortest wait that there is: an argument of 0 would be for ever.
  ['BZPOPMIN', '@', '0.001'],
];

/** The user whose name and password a worker was given may not do what it has to. */
export class PermissionError extends HeraldError {
  override readonly name = 'PermissionError';
  readonly code = 'HERALD_REDIS_PERMISSION';
  /** Commands, in capitals. */
  readonly missing: readonly string[];
  constructor(missing: readonly string[]) {
    super(`Redis user lacks permission for ${missing.join(', ')}: a worker needs them, on keys of herald:*`);
    this.missing = missing;
  }
}

const script = loadScript('permissions.lua');

/** Where commands are tried: the scripts' keys, whose first is the prefix of the scratch key. */
interface Place {
  redis: Redis;
  keys: readonly [prefix: string, other: string];
  scratch: string;
  plain: readonly (readonly string[])[];
}

/**
 * Tries what a worker of this channel will do. Waits for a Redis that is away.
 * @throws PermissionError
 */
export const checkPermissions = ({ redis, keys }: ChannelStore): Promise<void> =>
  tryAll({ redis, keys: [keys.ledger, keys.receipts], scratch: keys.permissions, plain: PLAIN });

/** The registry has a key without a tag of its own, which the scratch key says nothing of; no channel has an empty name. */
const REGISTRY: readonly (readonly string[])[] = [
  ['HGETALL', CHANNELS_KEY],
  ['HDEL', CHANNELS_KEY, ''],
];

/** As `checkPermissions`, with the keys that are of no single channel. */
export const checkDirectoryPermissions = (redis: Redis): Promise<void> =>
  tryAll({
    redis,
    keys: [DIRECTORY_SCRATCH, `${DIRECTORY_SCRATCH}:absent`],
    scratch: `${DIRECTORY_SCRATCH}:permissions`,
    plain: [...PLAIN, ...REGISTRY],
  });

async function tryAll({ redis, keys, scratch, plain }: Place): Promise<void> {
  const missing = new Set<string>();
  for (const command of plain) {
    const [name = '', ...args] = command.map((part) => (part === '@' ? scratch : part));
    if (await isForbidden(() => redis.call(name, ...args))) missing.add(name);
  }
  const scripted = async (): Promise<void> => {
    const names = (await script.run(redis, keys, [JSON.stringify(SCRIPTED)])) as string[];
    for (const name of names) missing.add(name);
  };
  if (await isForbidden(scripted)) missing.add('EVALSHA');
  if (missing.size > 0) throw new PermissionError([...missing].sort());
}

/** A store that is full or a replica refuses otherwise, and is waited for elsewhere. */
async function isForbidden(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (error) {
    return error instanceof Error && /^(?:NOPERM|ERR The user executing the script)/.test(error.message);
  }
}
