import { Redis } from 'ioredis';
import { startRedis } from '../src/sandbox/index.ts';
import { startPostgres } from './postgres.ts';
import { redisCpuSeconds, usedBytes } from './redis-figures.ts';

/** What a contender keeps its queue in, fresh and for nobody else. Neither Redis nor PostgreSQL writes to the disk in time. */
export interface Store {
  url: string;
  /** Since its start; NaN where it cannot be told. */
  cpuSeconds(): Promise<number>;
  /** NaN where it cannot be told. */
  usedBytes(): Promise<number>;
  stop(): Promise<void>;
}

export type StoreKind = 'redis' | 'postgresql' | 'none';

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
  async postgresql() {
    const { url, cpuSeconds, stop } = await startPostgres();
    return { url, cpuSeconds, usedBytes: async () => Number.NaN, stop };
  },
  async none() {
    const unknown = async (): Promise<number> => Number.NaN;
    return { url: '', cpuSeconds: unknown, usedBytes: unknown, stop: async () => {} };
  },
};

export async function withStore<T>(kind: StoreKind, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await open[kind]();
  try {
    return await use(store);
  } finally {
    await store.stop();
  }
}
