import { type ContenderName, contenders } from '../contenders/index.ts';
import { percentile } from '../statistics.ts';
import { withStore } from '../stores.ts';
import { enqueue, withContender, withSink } from './delivery.ts';
import type { Figures, Row, Table } from './table.ts';

const PER_SECOND = 200;
/** Delivered before, at full speed: until then the worker is compiled. */
const BEFORE = 2_000;
/** The first second at the pace is the sender's warm-up. */
const WARM_UP = PER_SECOND;

async function measure(contender: ContenderName, count: number): Promise<Figures> {
  return await withStore('redis', ({ url }) =>
    withSink((sink) => {
      const work = { kind: 'work', contender, url, sink: sink.url, count } as const;
      return withContender(work, async (worker) => {
        await worker.heard('ready');
        await sink.expect({ warmUp: 0, count: BEFORE });
        await enqueue(contender, { url, way: 'all', count: BEFORE });
        await Promise.race([sink.heard('complete'), worker.failed]);
        await sink.expect({ warmUp: WARM_UP, count, stamps: true });
        const paced = { first: BEFORE, count: WARM_UP + count, perSecond: PER_SECOND };
        return await withContender({ kind: 'pace', contender, url, ...paced }, async (sender) => {
          const ends = [sink.heard('complete'), worker.failed, sender.failed] as const;
          const { latenciesMs } = await Promise.race(ends);
          return { p50: percentile(latenciesMs, 0.5), p99: percentile(latenciesMs, 0.99) };
        });
      });
    }),
  );
}

const row = (name: string, title: string, contender: ContenderName): Row => ({
  name: `latency-${name}`,
  title,
  measure: ({ paceSeconds }) => measure(contender, paceSeconds * PER_SECOND),
});

/** From the call that enqueues to the platform, on a worker that is not busy. */
export const latency: Table = {
  name: 'latency',
  title: `Enqueue to platform at ${PER_SECOND} messages a second, ms`,
  columns: [
    { name: 'p50', title: 'p50', digits: 1 },
    { name: 'p99', title: 'p99', digits: 1 },
  ],
  unit: { row: 'latency-bullmq', column: 'p99' },
  rows: [
    row('bullmq', contenders.bullmq.title, 'bullmq'),
    row('herald', 'Herald, by `producer.send`', 'bulk'),
  ],
};
