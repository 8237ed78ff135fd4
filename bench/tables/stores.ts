import { type StoreKind, withStore } from '../stores.ts';
import { deliver, enqueue, withContender } from './delivery.ts';
import type { Figures, Row, Table } from './table.ts';

const CONTENDER = 'bulk';
const SHARDS = 8;
/** Until then the worker is compiled and has connected to every shard. */
const WARM_UP = 0.25;

async function measure(kind: StoreKind, shards: number | undefined, count: number): Promise<Figures> {
  return await withStore(kind, async (store) => {
    const warmUp = Math.ceil(count * WARM_UP);
    await announce(store.url, shards);
    await enqueue(CONTENDER, { url: store.url, way: 'all', count: warmUp + count });
    const { figures } = await deliver(CONTENDER, store, { warmUp, count, shards });
    return { ...figures, cpuSeconds: figures.workerCpuSeconds + figures.storeCpuSeconds };
  });
}

/** Producers learn of the shards from a worker. */
const announce = (url: string, shards: number | undefined): Promise<unknown> =>
  withContender(
    { kind: 'work', contender: CONTENDER, url, sink: 'http://127.0.0.1:9', count: 0, shards },
    (worker) => worker.heard('ready'),
  );

const row = (name: string, title: string, kind: StoreKind, shards?: number): Row => ({
  name,
  title,
  measure: ({ messages }) => measure(kind, shards, messages),
});

/** What a message costs on other stores than one Redis, in jobs of many messages and by one worker process. */
export const stores: Table = {
  name: 'stores',
  title: 'Delivery of queued messages, by the store, 100 requests at a time',
  columns: [
    { name: 'perSecond', title: 'messages/s', digits: 0 },
    { name: 'workerCpuSeconds', title: 'worker CPU s per 10,000', digits: 2 },
    { name: 'storeCpuSeconds', title: 'CPU s of all Redis nodes per 10,000', digits: 2 },
    { name: 'cpuSeconds', title: 'both', digits: 2 },
    { name: 'rssMb', title: 'worker memory, MB', digits: 0 },
  ],
  unit: { row: 'store-node', column: 'cpuSeconds' },
  rows: [
    row('store-node', 'one Redis', 'redis'),
    row('store-node-shards', `one Redis, ${SHARDS} shards`, 'redis', SHARDS),
    row('store-cluster', 'a cluster of three masters', 'cluster'),
    row('store-cluster-shards', `a cluster of three masters, ${SHARDS} shards`, 'cluster', SHARDS),
    row('store-replicas', `the same with a replica each, ${SHARDS} shards`, 'cluster-replicas', SHARDS),
  ],
};
