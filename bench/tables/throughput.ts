import { type ContenderName, contenders } from '../contenders/index.ts';
import { postgresVersion } from '../postgres.ts';
import { withStore } from '../stores.ts';
import { deliver, enqueue } from './delivery.ts';
import type { Row, Table } from './table.ts';

/** Of the messages of a turn: until then the worker is compiled and its connections are open. */
const WARM_UP = 0.25;

const row = (name: ContenderName): Row => {
  const { title, store: kind } = contenders[name];
  return {
    name,
    title,
    leftOut: kind === 'postgresql' && postgresVersion() === undefined ? 'no PostgreSQL here' : undefined,
    async measure({ messages }) {
      const warmUp = Math.ceil(messages * WARM_UP);
      return await withStore(kind, async (store) => {
        if (kind !== 'none') await enqueue(name, { url: store.url, way: 'all', count: warmUp + messages });
        return (await deliver(name, store, { warmUp, count: messages })).figures;
      });
    },
  };
};

/** How fast what is queued is delivered. */
export const throughput: Table = {
  name: 'throughput',
  title: 'Delivery of queued messages, 100 requests at a time',
  columns: [
    { name: 'perSecond', title: 'messages/s', digits: 0 },
    { name: 'workerCpuSeconds', title: 'worker CPU s per 10,000', digits: 2 },
    { name: 'storeCpuSeconds', title: 'Redis or PostgreSQL CPU s per 10,000', digits: 2 },
    { name: 'rssMb', title: 'worker memory, MB', digits: 0 },
  ],
  unit: { row: 'bullmq', column: 'perSecond' },
  rows: (Object.keys(contenders) as ContenderName[]).map(row),
};
