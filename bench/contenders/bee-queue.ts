import Queue from 'bee-queue';
import { type BenchMessage, inBatches } from '../messages.ts';
import { CONCURRENCY, type Contender, plainSend } from './contender.ts';

const BULK = 1_000;

/** Whatever it does beside delivering is turned off: events, jobs kept in memory, delayed jobs, finished jobs kept in Redis. */
const open = (url: string, isWorker: boolean): Queue<BenchMessage> =>
  new Queue('bench', {
    redis: { url },
    isWorker,
    getEvents: false,
    sendEvents: false,
    storeJobs: false,
    activateDelayedJobs: false,
    removeOnSuccess: true,
  });

export const beeQueue: Contender = {
  async openSender(url) {
    const queue = await open(url, false).ready();
    return {
      send: (message: BenchMessage) => queue.createJob(message).save(),
      async sendAll(messages: Iterable<BenchMessage>) {
        for (const batch of inBatches(messages, BULK)) {
          const [failure] = (await queue.saveAll(batch.map((data) => queue.createJob(data)))).values();
          if (failure) throw failure;
        }
      },
      close: () => queue.close(),
    };
  },
  async work({ url, sink }) {
    const send = plainSend(sink);
    const queue = await open(url, true).ready();
    queue.process(CONCURRENCY, ({ data }) => send(data));
  },
};
