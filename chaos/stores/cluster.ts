import type { Redis } from 'ioredis';
import type { Clock } from '../../src/clock.ts';
import { startCluster } from '../../testing/own-cluster.ts';
import { CHANNELS, storesOf } from '../channels.ts';
import { beginFile, EXACT_FILE } from './append-only.ts';
import { startCanaries } from './canaries.ts';
import { type ClusterState, clusterActs } from './cluster-acts.ts';
import { clusterWay, openClusterLink } from './cluster-ways.ts';
import type { Store } from './store.ts';

/** Longer than a busy machine lets a node stand still: a failover that nobody asked for would count as a loss unexplained. */
const NODE_TIMEOUT_MS = 2_000;
/** As is advised: a master that is away holds up its own channels, and only for these the time of a recovery stands still. */
const OTHERS_GO_ON = ['--cluster-require-full-coverage', 'no'];

/**
 * A Redis Cluster of three masters with a replica each: masters are killed and frozen, and their replicas take over; slots
 * move from one master to another.
 */
export async function openCluster(clock: Clock): Promise<Store> {
  const args = [...EXACT_FILE, ...OTHERS_GO_ON];
  const cluster = await startCluster({ args, nodeTimeoutMs: NODE_TIMEOUT_MS });
  const { nodes } = cluster;
  await Promise.all(nodes.map(beginFile));
  const stores = new Map(
    CHANNELS.flatMap((channel) => storesOf(channel).map((store) => [store, channel.name])),
  );
  const canaries = await startCanaries(
    cluster,
    [...stores.keys()].map((store) => `{${store}}`),
    clock,
  );
  const state: ClusterState = { cluster, canaries: canaries.all, clock, stores, failovers: [] };
  const way = clusterWay(
    nodes.map(({ server }) => server.port),
    clock,
  );
  const looking = new Map<string, Redis>();
  return {
    ...way,
    option: way.address,
    of(store) {
      const redis = looking.get(store) ?? way.connect(store);
      looking.set(store, redis);
      return redis;
    },
    openLink: () => openClusterLink(nodes, clock),
    ...{ away: false, unkept: 0, forgettings: [], failovers: state.failovers },
    acts: (deps) => clusterActs(state, deps),
    async close() {
      canaries.stop();
      for (const redis of looking.values()) redis.disconnect();
      await cluster.close();
    },
  };
}
