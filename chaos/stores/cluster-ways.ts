import { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../src/clock.ts';
import { hashSlot } from '../../src/redis/hash-slot.ts';
import { channelKey } from '../../src/redis/keys.ts';
import { reconnectToMaster } from '../../src/redis/reconnect.ts';
import { slotConnector } from '../../src/redis/slot-connector.ts';
import { createTopology } from '../../src/redis/topology.ts';
import type { ClusterNode } from '../../testing/cluster-node.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';
import type { NatMap } from '../../testing/worker-protocol.ts';
import { type Link, PATIENT, type Way } from './store.ts';

const HOST = '127.0.0.1';

/** To a cluster, by nodes that listen at these ports here. */
export function clusterWay(ports: readonly number[], clock: Pick<Clock, 'monotonic'>, natMap?: NatMap): Way {
  const seeds = ports.map((port) => ({ host: HOST, port }));
  const translate = natMap && (({ host, port }: Seed): Seed => natMap[`${host}:${port}`] ?? { host, port });
  const topology = createTopology({ seeds, login: {}, translate, clock });
  return {
    address: { cluster: seeds.map(({ host, port }) => `redis://${host}:${port}`) },
    natMap,
    get option() {
      return natMap ? new Cluster(seeds, { natMap, lazyConnect: true }) : this.address;
    },
    connect(store, options) {
      const redis = new Redis({
        ...{ ...PATIENT, ...options, replyMapping: 'legacy' as const },
        Connector: slotConnector(topology, hashSlot(channelKey(store))),
        reconnectOnError: reconnectToMaster(topology, clock),
      });
      redis.on('error', () => {}); // Its outages are the runner's own doing.
      return redis;
    },
  };
}

type Seed = NatMap[string];

/** A proxy in front of every node, for whoever goes this way alone: the nodes reach each other past it. */
export async function openClusterLink(
  nodes: readonly Pick<ClusterNode, 'server'>[],
  clock: Pick<Clock, 'monotonic'>,
): Promise<Link> {
  const proxies = await Promise.all(nodes.map(({ server }) => openFaultyProxy(server.port)));
  const ports = proxies.map(({ port }) => port);
  const natMap = Object.fromEntries(
    nodes.map(({ server }, i) => [`${HOST}:${server.port}`, { host: HOST, port: ports[i]! }]),
  );
  let turn = 0;
  return {
    ...clusterWay(ports, clock, natMap),
    /** Of one node that is in use, each in turn. */
    loseAnswer() {
      const used = proxies.filter(({ connections }) => connections > 0);
      turn += 1;
      used[turn % used.length]?.loseAnswer();
    },
    cut() {
      for (const proxy of proxies) proxy.cut();
    },
    halfOpen(ms) {
      for (const proxy of proxies) proxy.halfOpen(ms);
    },
    delay(byMs, forMs) {
      for (const proxy of proxies) proxy.delay(byMs, forMs);
    },
    close: async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))),
  };
}
