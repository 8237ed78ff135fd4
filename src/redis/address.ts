import { isRedisUrl, type NodeUrl, REDIS_URL_WANTED, readNodeUrl } from './url.ts';

/** A Redis Cluster, by the URLs of some of its nodes, which name the others. All have one login and one scheme. */
export interface RedisCluster {
  cluster: readonly string[];
  /**
   * For nodes that announce addresses which cannot be reached from here: the announced `host:port` of each → the `host:port` that can.
   */
  natMap?: Readonly<Record<string, string>> | undefined;
}

/** The master that Redis Sentinel names. */
export interface RedisSentinel {
  /** The URLs of the Sentinels, with the login that all of them have, if any; `rediss://` holds for the master as well. */
  sentinels: readonly string[];
  /** The name of the master group. */
  name: string;
  /** The login of the master. */
  username?: string | undefined;
  password?: string | undefined;
  db?: number | undefined;
}

/** Where Redis is, as configured. */
export type RedisAddress = string | RedisCluster | RedisSentinel;

export function urlsOf(address: RedisAddress): readonly string[] {
  if (typeof address === 'string') return [address];
  return 'cluster' in address ? address.cluster : address.sentinels;
}

export const REDIS_WANTED = `${REDIS_URL_WANTED}; { cluster: [urls] }; or { sentinels: [urls], name }`;
export const REDIS_URLS_WANTED = 'expected a list of redis:// or rediss:// URLs';
const ONE_LOGIN = 'must have the scheme and the login of the first one';
const NO_DATABASE = 'must name neither a database nor options';
const OF_CLUSTER = `${NO_DATABASE}: a cluster has database 0 alone`;
const OF_SENTINEL = `${NO_DATABASE}: the master's database is db`;

export interface AddressProblem {
  path: readonly (string | number)[];
  message: string;
}

/** What is wrong with an address; undefined if nothing is. Never quotes it, since a URL may contain a password. */
export function addressProblem(address: unknown): AddressProblem | undefined {
  if (typeof address === 'string')
    return isRedisUrl(address) ? undefined : { path: [], message: REDIS_URL_WANTED };
  const { cluster, sentinels, ...rest } = Object(address) as Partial<RedisCluster & RedisSentinel>;
  if ((cluster === undefined) === (sentinels === undefined)) return { path: [], message: REDIS_WANTED };
  return cluster === undefined
    ? (urlsProblem('sentinels', sentinels) ?? sentinelProblem(sentinels as string[], rest))
    : (urlsProblem('cluster', cluster) ?? clusterProblem(cluster, rest));
}

function urlsProblem(field: string, urls: unknown): AddressProblem | undefined {
  if (!Array.isArray(urls) || urls.length === 0) return { path: [field], message: REDIS_URLS_WANTED };
  const bad = urls.findIndex((url) => typeof url !== 'string' || !isRedisUrl(url));
  if (bad >= 0) return { path: [field, bad], message: REDIS_URL_WANTED };
  const mixed = urls.findIndex((url) => isSecure(url) !== isSecure(urls[0]));
  return mixed < 0 ? undefined : { path: [field, mixed], message: ONE_LOGIN };
}

const isSecure = (url: string): boolean => url.startsWith('rediss:');

function clusterProblem(urls: readonly string[], rest: object): AddressProblem | undefined {
  const { natMap, ...others } = rest as Pick<RedisCluster, 'natMap'>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return { path: [unknown], message: 'is not a field of a cluster' };
  return nodesProblem('cluster', urls, OF_CLUSTER) ?? natMapProblem(natMap);
}

/** ioredis knows one login for all of them, also for those that it learns of from others. */
function nodesProblem(
  field: string,
  urls: readonly string[],
  noDatabase: string,
): AddressProblem | undefined {
  const nodes = urls.map(readNodeUrl);
  const [{ username, password }] = nodes as [NodeUrl];
  const other = nodes.findIndex((node) => node.username !== username || node.password !== password);
  if (other >= 0) return { path: [field, other], message: ONE_LOGIN };
  const database = nodes.findIndex(({ more }) => more);
  return database < 0 ? undefined : { path: [field, database], message: noDatabase };
}

const NODE_ADDRESS = /^(.+):(\d{1,5})$/;

function natMapProblem(natMap: unknown): AddressProblem | undefined {
  if (natMap === undefined) return undefined;
  const isMap = typeof natMap === 'object' && natMap !== null && !Array.isArray(natMap);
  const bad = isMap
    ? Object.entries(natMap).find((pair) => !pair.every((text) => NODE_ADDRESS.test(String(text))))
    : [];
  if (!bad) return undefined;
  return {
    path: ['natMap', ...bad.slice(0, 1)],
    message: 'expected a host:port, and the host:port that leads there',
  };
}

/** @param text a `host:port` that `addressProblem` has found to be one; an IPv6 address may be in brackets */
export function readNodeAddress(text: string): { host: string; port: number } {
  const [, host = '', port] = NODE_ADDRESS.exec(text) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

const SENTINEL_FIELDS = ['name', 'username', 'password', 'db'];

function sentinelProblem(urls: readonly string[], rest: Partial<RedisSentinel>): AddressProblem | undefined {
  const unknown = Object.keys(rest).find((field) => !SENTINEL_FIELDS.includes(field));
  if (unknown !== undefined) return { path: [unknown], message: 'is not a field of Sentinel' };
  const { name, username, password, db } = rest;
  if (typeof name !== 'string' || name === '')
    return { path: ['name'], message: 'expected the name of the master group' };
  for (const [field, value] of Object.entries({ username, password }))
    if (value !== undefined && typeof value !== 'string') return { path: [field], message: 'expected text' };
  if (db !== undefined && !(Number.isInteger(db) && db >= 0))
    return { path: ['db'], message: 'expected the number of a database' };
  return nodesProblem('sentinels', urls, OF_SENTINEL);
}
