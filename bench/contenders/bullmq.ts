import { Queue, Worker } from 'bullmq';
import { type BenchMessage, inBatches } from '../messages.ts';
import { BULK, CONCURRENCY, type Contender, connect, plainSend } from './contender.ts';

const QUEUE = 'bench';
const DAY_S = 86_400;

async function openSender(url: string) {
  const connection = connect(url);
  const queue = new Queue<BenchMessage>(QUEUE, { connection });
  await queue.waitUntilReady();
  return {
    send: (message: BenchMessage) => queue.add('message', message),
    async sendAll(messages: Iterable<BenchMessage>) {
      for (const batch of inBatches(messages, BULK))
        await queue.addBulk(batch.map((data) => ({ name: 'message', data })));
    },
    async close() {
      await queue.close();
      connection.disconnect();
    },
  };
}

async function startWorker(url: string, deliver: (message: BenchMessage) => Promise<void>): Promise<void> {
  const worker = new Worker<BenchMessage>(QUEUE, ({ data }) => deliver(data), {
    connection: connect(url),
    concurrency: CONCURRENCY,
    removeOnComplete: { count: 0 },
  });
  await worker.waitUntilReady();
}

/** A worker without any rule: the unit that everything else is compared with. */
export const bare: Contender = {
  openSender,
  work: ({ url, sink }) => startWorker(url, plainSend(sink)),
};

/** The rules as they are usually written first: three awaited round trips around the send, and no word on what a crash leaves. */
export const naive: Contender = {
  openSender,
  work({ url, sink }) {
    const redis = connect(url);
    const send = plainSend(sink);
    return startWorker(url, async (message) => {
      const done = `done:${message.id}`;
      if ((await redis.get(done)) !== null) return;
      if ((await redis.set(`slot:${message.to.userId}`, message.id, 'EX', DAY_S, 'NX')) === null) return;
      await send(message);
      await redis.set(done, '1', 'EX', DAY_S);
    });
  },
};
