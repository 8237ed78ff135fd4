import { type Child, startChild } from '../child.ts';
import type { ContenderReport, ContenderTask, EnqueueTask } from '../contender-process.ts';
import type { ContenderName } from '../contenders/index.ts';
import type { Expectation, SinkReport } from '../sink.ts';
import type { Store } from '../stores.ts';

/** The processes of a turn, and what they do together. */

export type Sink = Child<SinkReport> & { url: string; expect(what: Expectation): Promise<void> };
export type ContenderChild = Child<ContenderReport>;

/** What the messages of a measurement took. */
export interface Delivered {
  perSecond: number;
  workerCpuSeconds: number;
  storeCpuSeconds: number;
  /** The most that the worker has had. */
  rssMb: number;
}

export async function withSink<T>(use: (sink: Sink) => Promise<T>): Promise<T> {
  const child = startChild<SinkReport>('sink.ts');
  try {
    const { url } = await child.heard('listening');
    const expect = async (what: Expectation): Promise<void> => {
      child.tell(what);
      await child.heard('expecting');
    };
    return await use({ ...child, url, expect });
  } finally {
    await child.kill();
  }
}

export async function withContender<T>(
  task: ContenderTask,
  use: (child: ContenderChild) => Promise<T>,
): Promise<T> {
  const child = startChild<ContenderReport>('contender-process.ts', task);
  try {
    return await use(child);
  } finally {
    await child.kill();
  }
}

/** @returns messages a second */
export async function enqueue(contender: ContenderName, task: EnqueueTask): Promise<number> {
  return await withContender({ kind: 'enqueue', contender, ...task }, async (child) => {
    const { ms } = await child.heard('enqueued');
    return task.count / (ms / 1_000);
  });
}

/**
 * A worker delivers so many messages after the warm-up, of those that are queued. CPU seconds are told for 10,000
 * messages; they are read when the sink has seen the last one of the warm-up, and the last one of all.
 */
export async function deliver(
  contender: ContenderName,
  store: Store,
  { warmUp, count, queued = warmUp + count }: { warmUp: number; count: number; queued?: number },
): Promise<Delivered> {
  return await withSink(async (sink) => {
    await sink.expect({ warmUp, count });
    const place = { url: store.url, sink: sink.url, count: queued };
    return await withContender({ kind: 'work', contender, ...place }, async (worker) => {
      await Promise.race([sink.heard('warm'), worker.failed]);
      const before = await readUsage(worker, store);
      const { ms, requests } = await Promise.race([sink.heard('complete'), worker.failed]);
      const after = await readUsage(worker, store);
      const per10k = 10_000 / requests;
      return {
        perSecond: requests / (ms / 1_000),
        workerCpuSeconds: (after.worker - before.worker) * per10k,
        storeCpuSeconds: (after.store - before.store) * per10k,
        rssMb: after.rssMb,
      };
    });
  });
}

async function readUsage(worker: ContenderChild, store: Store) {
  worker.tell({});
  const [usage, storeSeconds] = await Promise.all([worker.heard('usage'), store.cpuSeconds()]);
  return { worker: usage.cpuSeconds, store: storeSeconds, rssMb: usage.rssMb };
}
