import { Redis, type RedisOptions } from 'ioredis';
import type { Clock } from '../clock.ts';
import { type RedisAddress, type RedisCluster, type RedisSentinel, readNodeAddress } from './address.ts';
import { checkRedis, isInstance, type RedisInstance, type RedisOption } from './option.ts';
import { reconnectToMaster } from './reconnect.ts';
import { slotConnector } from './slot-connector.ts';
import { type Stores, storesBySlot, storesOn } from './stores.ts';
import { type Address, createTopology, type TopologyOptions } from './topology.ts';
import { readNodeUrl, tlsOptions } from './url.ts';

export type RoleOptions = RedisOptions & { replyMapping: 'legacy' };

/**
 * Opens connections of one role to where Redis is.
 * @param onOpen is called with each connection, before it connects; in a cluster also later
 */
export type OpenStores = (options: RoleOptions, onOpen?: (client: Redis) => void) => Stores;

/**
 * How connections are opened to one node, to the master that Sentinel names, or to the masters of a cluster.
 * @param redis an instance is duplicated and not changed
 * @throws TypeError for what is neither address nor instance
 */
export function sourceOf(redis: RedisOption, clock: Pick<Clock, 'monotonic'>): OpenStores {
  checkRedis(redis);
  const cluster = isInstance(redis) ? clusterOfInstance(redis) : clusterOfAddress(redis);
  if (cluster) return openCluster({ ...cluster, clock });
  return (options, onOpen = () => {}) => {
    const client = isInstance(redis)
      ? (redis.duplicate as (options: object) => Redis)(options)
      : openNode(redis, options);
    onOpen(client);
    return storesOn(client);
  };
}

function openNode(redis: RedisAddress, options: RoleOptions): Redis {
  if (typeof redis === 'string') return new Redis(redis, { ...options, ...tlsOptions(redis) });
  return new Redis({ ...sentinelOptions(redis as RedisSentinel), ...options });
}

/** A frozen Sentinel accepts connections and would be waited for forever: after this time the next one is asked. */
const SENTINEL_TIMEOUT_MS = 1_000;

/** `rediss://` applies to the Sentinels and the master alike. */
function sentinelOptions({ sentinels, name, username, password, db = 0 }: RedisSentinel): RedisOptions {
  const nodes = sentinels.map(readNodeUrl);
  const { tls } = tlsOptions(sentinels[0]!);
  return {
    ...{ sentinels: nodes.map(({ host, port }) => ({ host, port })), name, db },
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    ...optional({ username, password }),
    ...optional({ sentinelUsername: nodes[0]?.username, sentinelPassword: nodes[0]?.password }),
    ...(tls && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
  };
}

const optional = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

/** A plain client for each hash slot that is used: see `slotConnector`. */
function openCluster({ clock, ...cluster }: TopologyOptions): OpenStores {
  const topology = createTopology({ ...cluster, clock });
  return (options, onOpen = () => {}) => {
    const open = (slot: number): Redis => {
      const client = new Redis({
        ...cluster.login,
        ...cluster.seeds[0],
        ...options,
        db: 0,
        Connector: slotConnector(topology, slot),
        reconnectOnError: reconnectToMaster(topology, clock),
      });
      client.on('error', () => {}); // Connections that are opened later have no other listener.
      onOpen(client);
      return client;
    };
    return storesBySlot(open, topology.firstSlots);
  };
}

type Cluster = Pick<TopologyOptions, 'seeds' | 'login' | 'translate'>;

function clusterOfAddress(redis: RedisAddress): Cluster | undefined {
  const { cluster, natMap } = Object(redis) as Partial<RedisCluster>;
  if (!cluster) return undefined;
  const nodes = cluster.map(readNodeUrl);
  const { username, password } = nodes[0]!;
  return {
    seeds: nodes.map(({ host, port }) => ({ host, port })),
    login: { ...optional({ username, password }), ...tlsOptions(cluster[0]!) },
    translate: natMap && translateBy(readNatMap(natMap)),
  };
}

const readNatMap = (natMap: NonNullable<RedisCluster['natMap']>): NatMap =>
  Object.fromEntries(Object.entries(natMap).map(([announced, here]) => [announced, readNodeAddress(here)]));

/** What ioredis keeps of a `Cluster`; the nodes that it was given are a private field of it. */
interface ClusterInstance {
  startupNodes: readonly (string | number | (Partial<Address> & RedisOptions))[];
  options: { redisOptions?: RedisOptions; natMap?: NatMap };
}

type NatMap = Readonly<Record<string, Address>> | ((announced: string) => Address | null | undefined);

function clusterOfInstance(redis: RedisInstance): Cluster | undefined {
  if (!redis.isCluster) return undefined;
  const { startupNodes, options } = redis as unknown as ClusterInstance;
  const nodes = startupNodes.map(readStartupNode);
  const { host: _, port: __, ...login } = nodes[0]!;
  return {
    seeds: nodes.map(({ host, port }) => ({ host, port })),
    login: { ...login, ...options.redisOptions },
    translate: options.natMap && translateBy(options.natMap),
  };
}

function readStartupNode(node: ClusterInstance['startupNodes'][number]): Address & RedisOptions {
  if (typeof node === 'number') return { host: '127.0.0.1', port: node };
  if (typeof node === 'object')
    return { ...node, host: node.host ?? '127.0.0.1', port: Number(node.port ?? 6379) };
  const { host, port, username, password } = readNodeUrl(node.includes('://') ? node : `redis://${node}`);
  return { host, port, ...optional({ username, password }), ...tlsOptions(node) };
}

const translateBy =
  (map: NatMap) =>
  (announced: Address): Address => {
    const name = `${announced.host}:${announced.port}`;
    return (typeof map === 'function' ? map(name) : map[name]) ?? announced;
  };
