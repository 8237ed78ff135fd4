import { type Check, failed, ok, warning } from '../check.ts';
import type { RedisFacts } from './server-facts.ts';

/** Checks whether this Redis persists acknowledged writes and can run the ledger's scripts. Pure. */
export function redisChecks({ info, config }: RedisFacts): Check[] {
  if (!info) {
    return [warning('redis', 'INFO could not be read: version, eviction and persistence are unchecked.')];
  }
  return [
    version(info),
    role(info, config),
    eviction(info),
    ...capacity(info),
    ...persistence(info, config),
    ...writeErrors(info),
    packing(config),
  ];
}

type Fields = ReadonlyMap<string, string>;

/** The first versions with PEXPIRETIME and EXPIRE … GT. */
const OLDEST_REDIS = '7.0';
const OLDEST_VALKEY = '7.2';

function version(info: Fields): Check {
  const valkey = info.get('valkey_version');
  const [server, found, oldest] = valkey
    ? ['Valkey', valkey, OLDEST_VALKEY]
    : ['Redis', info.get('redis_version') ?? '0', OLDEST_REDIS];
  return atLeast(found, oldest)
    ? ok('version', `${server} ${found}.`)
    : failed('version', `${server} ${found} is too old: upgrade it to ${oldest} or later.`);
}

function atLeast(found: string, oldest: string): boolean {
  const [[major = 0, minor = 0], [oldMajor = 0, oldMinor = 0]] = [found, oldest].map((text) =>
    text.split('.').map(Number),
  ) as [number[], number[]];
  return major > oldMajor || (major === oldMajor && minor >= oldMinor);
}

function role(info: Fields, config: Fields | undefined): Check {
  if (info.get('role') === 'slave') {
    return failed('replication', 'this is a replica and accepts no writes: configure the primary.');
  }
  const replicas = Number(info.get('connected_slaves') ?? 0);
  if (replicas === 0 && info.get('redis_mode') === 'cluster')
    return warning('replication', 'no replica: its channels wait as long as this master is away; add one.');
  if (replicas === 0) return ok('replication', 'a single server.');
  const required = Number(config?.get('min-replicas-to-write') ?? 0);
  if (required > 0)
    return ok('replication', `${replicas} replica(s), without ${required} of which no write is taken.`);
  return warning(
    'replication',
    `${replicas} replica(s): a failover may lose the last writes and give a player a second message; ` +
      'set min-replicas-to-write and min-replicas-max-lag to reduce the risk.',
  );
}

function eviction(info: Fields): Check {
  const policy = info.get('maxmemory_policy');
  if (policy === undefined)
    return warning('eviction', 'maxmemory-policy could not be read: make sure that it is noeviction.');
  if (policy === 'noeviction') return ok('eviction', 'noeviction.');
  return failed(
    'eviction',
    `maxmemory-policy is ${policy}, which deletes queued messages: set it to noeviction.`,
  );
}

const FULL_SOON = 0.8;

function capacity(info: Fields): Check[] {
  const [used, most] = [Number(info.get('used_memory')), Number(info.get('maxmemory'))];
  if (!Number.isFinite(used) || !Number.isFinite(most)) return [];
  const name = 'maxmemory';
  if (most === 0) return [ok(name, `no limit; ${megabytes(used)} used.`)];
  const text = `${megabytes(used)} of ${megabytes(most)} used`;
  if (used >= most)
    return [failed(name, `${text}: Redis is full and refuses writes; raise maxmemory, or free memory.`)];
  if (used >= FULL_SOON * most)
    return [warning(name, `${text}: a full Redis refuses writes, and nothing is sent; raise maxmemory.`)];
  return [ok(name, `${text}.`)];
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;

function persistence(info: Fields, config: Fields | undefined): Check[] {
  if (info.get('aof_enabled') !== '1') {
    return [
      failed(
        'persistence',
        'AOF is off, so a restart loses messages and daily slots: set appendonly to yes.',
      ),
    ];
  }
  const fsync = config?.get('appendfsync');
  switch (fsync) {
    case 'always':
      return [ok('persistence', 'AOF, synced with every write.')];
    case 'everysec':
      return [
        warning(
          'persistence',
          'AOF synced every second: a power failure may lose the last second; set appendfsync to always if that is too much.',
        ),
      ];
    case undefined:
      return [
        warning(
          'persistence',
          'AOF is on; appendfsync could not be read: make sure that it is everysec or always.',
        ),
      ];
    default:
      return [failed('persistence', `appendfsync is ${fsync}: set it to everysec or always.`)];
  }
}

const LAST_WRITES = {
  aof_last_write_status: 'the last write to the AOF',
  aof_last_bgrewrite_status: 'the last rewrite of the AOF',
  rdb_last_bgsave_status: 'the last RDB snapshot',
} as const;

function writeErrors(info: Fields): Check[] {
  const broken = Object.entries(LAST_WRITES).filter(([field]) => (info.get(field) ?? 'ok') !== 'ok');
  if (broken.length === 0) return [ok('disk', 'the last writes to disk succeeded.')];
  return broken.map(([, what]) => failed('disk', `${what} failed: check for a full or failing disk.`));
}

/** Minimum settings for the ledger's tables to stay packed: 96 entries per bucket, values of about 50 bytes. */
const LISTPACK = [
  ['hash-max-listpack-entries', 128],
  ['hash-max-listpack-value', 64],
] as const;

function packing(config: Fields | undefined): Check {
  if (!config)
    return warning(
      'memory',
      'hash-max-listpack-* could not be read: the ledger needs six times the memory below 128 and 64.',
    );
  const low = LISTPACK.filter(([name, least]) => Number(config.get(name) ?? least) < least);
  if (low.length === 0) return ok('memory', 'hashes of the ledger stay packed.');
  const advice = low.map(([name, least]) => `${name} to ${least}`).join(' and ');
  return warning('memory', `the ledger needs about six times the memory: set ${advice} or more.`);
}
