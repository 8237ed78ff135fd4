import { Queue } from 'bullmq';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import { connect } from '../contenders/contender.ts';
import type { ContenderName } from '../contenders/index.ts';
import { CHANNEL } from '../messages.ts';
import { withStore } from '../stores.ts';
import { deliver, enqueue } from './delivery.ts';
import type { Figures, Row, Table } from './table.ts';

const NUMBERS = [1, 2, 4, 8] as const;
/** Of the messages of a turn: until then the workers are compiled. */
const WARM_UP = 0.25;
/** The channel's rate in the turns that have one, a second: below what a single worker can deliver on a slow machine. */
const PER_SECOND = 400;
const SECOND_MS = 1_000;

/**
 * Several worker processes on one channel: what they deliver together, what it costs, and whether each gets its part. They
 * begin together, by the end of a pause.
 */
async function measure(
  contender: ContenderName,
  workers: number,
  count: number,
  perSecond?: number,
): Promise<Figures> {
  return await withStore('redis', async (store) => {
    const warmUp = Math.ceil(count * WARM_UP);
    await withQueue(store.url, (queue) => queue.pause());
    await enqueue(contender, { url: store.url, way: 'all', count: warmUp + count });
    const begin = (): Promise<void> => withQueue(store.url, (queue) => queue.resume());
    const turn = await deliver(contender, store, { warmUp, count, workers, perSecond, begin });
    const { byWorker, arrivalsMs, figures } = turn;
    const fair = byWorker.reduce((sum, each) => sum + each, 0) / workers;
    return {
      ...figures,
      least: Math.min(...byWorker) / fair,
      most: Math.max(...byWorker) / fair,
      peak: perSecond === undefined ? Number.NaN : mostWithin(arrivalsMs, SECOND_MS),
    };
  });
}

async function withQueue(url: string, use: (queue: Queue) => Promise<void>): Promise<void> {
  const connection = connect(url);
  const queue = new Queue(queueName(CHANNEL), { connection, prefix: PREFIX });
  try {
    await use(queue);
  } finally {
    await queue.close();
    connection.disconnect();
  }
}

/** @param instants in order @returns how many lie within any time of that length */
export function mostWithin(instants: readonly number[], ms: number): number {
  let [most, from] = [0, 0];
  for (const [i, instant] of instants.entries()) {
    while (instant - (instants[from] ?? instant) >= ms) from += 1;
    most = Math.max(most, i - from + 1);
  }
  return most;
}

const atFullSpeed = (workers: number): Row => ({
  name: `workers-${workers}`,
  title: `${workers} at full speed`,
  measure: ({ messages }) => measure('bulk', workers, messages),
});

const atRate = (workers: number): Row => ({
  name: `workers-${workers}-rate`,
  title: `${workers} at ${PER_SECOND}/s`,
  // One job a message: a job of many stays with its worker for longer than such a turn lasts.
  measure: ({ paceSeconds }) => measure('single', workers, paceSeconds * PER_SECOND, PER_SECOND),
});

export const workers: Table = {
  name: 'workers',
  title: 'Worker processes on one channel',
  columns: [
    { name: 'perSecond', title: 'messages/s', digits: 0 },
    { name: 'peak', title: 'most in any second', digits: 0 },
    { name: 'workerCpuSeconds', title: 'CPU s of all workers per 10,000', digits: 2 },
    { name: 'storeCpuSeconds', title: 'Redis CPU s per 10,000', digits: 2 },
    { name: 'least', title: 'least of a worker, of an even share', digits: 2 },
    { name: 'most', title: 'most', digits: 2 },
    { name: 'rssMb', title: 'memory of one, MB', digits: 0 },
  ],
  rows: [...NUMBERS.map(atFullSpeed), ...NUMBERS.map(atRate)],
};
