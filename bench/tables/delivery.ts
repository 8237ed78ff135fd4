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
  figures: {
    perSecond: number;
    workerCpuSeconds: number;
    storeCpuSeconds: number;
    /** The most that a worker has had. */
    rssMb: number;
  };
  /** What each worker delivered, where it can tell. */
  byWorker: number[];
  /** When each message arrived, where it was asked for. Milliseconds. */
  arrivalsMs: number[];
}

export interface Turn {
  warmUp: number;
  count: number;
  /** More of them than are waited for, when present. */
  queued?: number;
  /** Processes. Default: one. */
  workers?: number;
  /** Of all workers together; as many as they can when absent. */
  perSecond?: number | undefined;
  /** Of the channel; one store when absent. */
  shards?: number | undefined;
  /** Called once every worker takes messages. */
  begin?(): Promise<void>;
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
 * Workers deliver so many messages after the warm-up, of those that are queued. CPU seconds are told for 10,000
 * messages; they are read when the sink has seen the last one of the warm-up, and the last one of all.
 */
export async function deliver(
  contender: ContenderName,
  store: Store,
  { warmUp, count, queued = warmUp + count, workers = 1, perSecond, shards, begin }: Turn,
): Promise<Delivered> {
  return await withSink(async (sink) => {
    await sink.expect({ warmUp, count, arrivals: perSecond !== undefined });
    const place = { url: store.url, sink: sink.url, count: queued, perSecond, shards };
    return await withContenders(workers, { kind: 'work', contender, ...place }, async (children) => {
      const failed = children.map((worker) => worker.failed);
      if (begin) {
        const ready = Promise.all(children.map((worker) => worker.heard('ready')));
        await Promise.race([ready, ...failed]);
        await begin();
      }
      await Promise.race([sink.heard('warm'), ...failed]);
      const before = await readUsage(children, store);
      const { ms, requests, arrivalsMs } = await Promise.race([sink.heard('complete'), ...failed]);
      const after = await readUsage(children, store);
      const per10k = 10_000 / requests;
      return {
        figures: {
          perSecond: requests / (ms / 1_000),
          workerCpuSeconds: (after.worker - before.worker) * per10k,
          storeCpuSeconds: (after.store - before.store) * per10k,
          rssMb: after.rssMb,
        },
        byWorker: after.delivered.map((delivered, i) => delivered - (before.delivered[i] ?? 0)),
        arrivalsMs,
      };
    });
  });
}

async function withContenders<T>(
  count: number,
  task: ContenderTask,
  use: (children: ContenderChild[]) => Promise<T>,
  children: ContenderChild[] = [],
): Promise<T> {
  if (children.length === count) return await use(children);
  return await withContender(task, (child) => withContenders(count, task, use, [...children, child]));
}

async function readUsage(workers: readonly ContenderChild[], store: Store) {
  const asking = workers.map(async (worker) => {
    worker.tell({});
    return await worker.heard('usage');
  });
  const [usages, storeSeconds] = await Promise.all([Promise.all(asking), store.cpuSeconds()]);
  return {
    worker: usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    store: storeSeconds,
    rssMb: Math.max(...usages.map(({ rssMb }) => rssMb)),
    delivered: usages.map(({ delivered = Number.NaN }) => delivered),
  };
}
