import type { Scale } from '../options.ts';
import { withStore } from '../stores.ts';
import { deliver, enqueue } from './delivery.ts';
import type { Figures, Row, Table } from './table.ts';

const CONTENDER = 'single';
const WARM_UP = 0.1;

/** The first messages of a queue as long as that. */
const measureQueued = (size: number, window: number): Promise<Figures> =>
  withStore('redis', async (store) => {
    await enqueue(CONTENDER, { url: store.url, way: 'all', count: size });
    const warmUp = Math.ceil(window * WARM_UP);
    return (await deliver(CONTENDER, store, { warmUp, count: window - warmUp, queued: size })).figures;
  });

/** More messages, once so many are settled. */
const measureSettled = (size: number, window: number): Promise<Figures> =>
  withStore('redis', async (store) => {
    await enqueue(CONTENDER, { url: store.url, way: 'all', count: size });
    await deliver(CONTENDER, store, { warmUp: 0, count: size });
    await enqueue(CONTENDER, { url: store.url, way: 'all', count: window, first: size });
    const warmUp = Math.ceil(window * WARM_UP);
    return (await deliver(CONTENDER, store, { warmUp, count: window - warmUp })).figures;
  });

const row = (kind: 'queued' | 'settled', size: number, window: number): Row => ({
  name: `growth-${kind}-${size}`,
  title: `${size.toLocaleString('en')} ${kind}`,
  measure: () => (kind === 'queued' ? measureQueued : measureSettled)(size, window),
});

/** Whether a message costs more where many are queued or settled. */
export function growth({ growth: sizes }: Scale): Table {
  const window = Math.min(...sizes);
  const rows = (['queued', 'settled'] as const).map((kind) => sizes.map((size) => row(kind, size, window)));
  return {
    name: 'growth',
    title: `Delivery of ${window.toLocaleString('en')} messages, Herald, one job a message`,
    columns: [
      { name: 'perSecond', title: 'messages/s', digits: 0 },
      { name: 'workerCpuSeconds', title: 'worker CPU s per 10,000', digits: 2 },
      { name: 'storeCpuSeconds', title: 'Redis CPU s per 10,000', digits: 2 },
      { name: 'rssMb', title: 'worker memory, MB', digits: 0 },
    ],
    unit: { row: rows[0]![0]!.name, column: 'perSecond' },
    rows: rows.flat(),
  };
}
