import { Redis } from 'ioredis';
import { startRedis } from '../src/sandbox/index.ts';
import { startCluster } from '../testing/own-cluster.ts';
import { startPostgres } from './postgres.ts';
import { redisCpuSeconds, usedBytes } from './redis-figures.ts';

/** What a contender keeps its queue in, fresh and for nobody else. Neither Redis nor PostgreSQL writes to the disk in time. */
export interface Store {
  /** Of a cluster: those of its nodes, separated by commas. */
  url: string;
  /** Since its start; NaN where it cannot be told. */
  cpuSeconds(): Promise<number>;
  /** NaN where it cannot be told. */
  usedBytes(): Promise<number>;
  stop(): Promise<void>;
}

export type StoreKind = 'redis' | 'cluster' | 'cluster-replicas' | 'postgresql' | 'none';

const open: Record<StoreKind, () => Promise<Store>> = {
  async redis() {
    const server = await startRedis();
    const redis = new Redis(server.url);
    return {
      url: server.url,
      cpuSeconds: () => redisCpuSeconds(redis),
      usedBytes: () => usedBytes(redis),
      async stop() {
        redis.disconnect();
        await server.stop();
      },
    };
  },
  cluster: () => openCluster(0),
  'cluster-replicas': () => openCluster(1),
  async postgresql() {
    const { url, cpuSeconds, stop } = await startPostgres();
    return { url, cpuSeconds, usedBytes: async () => Number.NaN, stop };
  },
  async none() {
    const unknown = async (): Promise<number> => Number.NaN;
    return { url: '', cpuSeconds: unknown, usedBytes: unknown, stop: async () => {} };
  },
};

/** Three masters, each with so many replicas, all without a file. */
async function openCluster(replicas: number): Promise<Store> {
  const cluster = await startCluster({ replicas, args: ['--appendonly', 'no'] });
  const sum = async (figure: (redis: Redis) => Promise<number>): Promise<number> => {
    const figures = await Promise.all(cluster.nodes.map(({ redis }) => figure(redis)));
    return figures.reduce((all, each) => all + each, 0);
  };
  return {
    url: cluster.urls.join(','),
    cpuSeconds: () => sum(redisCpuSeconds),
    usedBytes: () => sum(usedBytes),
    stop: () => cluster.close(),
  };
}

export async function withStore<T>(kind: StoreKind, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await open[kind]();
  try {
    return await use(store);
  } finally {
    await store.stop();
  }
}
