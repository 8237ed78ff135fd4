import type { EnqueueTask } from '../contender-process.ts';
import type { ContenderName } from '../contenders/index.ts';
import { withStore } from '../stores.ts';
import { enqueue } from './delivery.ts';
import type { Row, Table } from './table.ts';

const WARM_UP = 0.1;

const row = (name: string, title: string, contender: ContenderName, way: EnqueueTask['way']): Row => ({
  name,
  title,
  measure: async ({ messages }) =>
    await withStore('redis', async ({ url }) => {
      const warmUp = Math.ceil(messages * WARM_UP);
      return { perSecond: await enqueue(contender, { url, way, warmUp, count: messages }) };
    }),
});

/** How fast messages are enqueued, by one process without a worker beside it. */
export const enqueueing: Table = {
  name: 'enqueue',
  title: 'Enqueueing',
  columns: [{ name: 'perSecond', title: 'messages/s', digits: 0 }],
  unit: { row: 'add-bulk', column: 'perSecond' },
  rows: [
    row('add', 'BullMQ `add`, awaited one by one', 'bullmq', 'each'),
    row('add-bulk', 'BullMQ `addBulk` of 1,000', 'bullmq', 'all'),
    row('send', '`producer.send`, awaited one by one', 'bulk', 'each'),
    row('send-many', '`producer.sendMany`', 'bulk', 'all'),
    row('campaign-list', '`producer.campaign`, recipients by number', 'campaign', 'all'),
  ],
};
