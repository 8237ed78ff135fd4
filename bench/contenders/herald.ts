import { Queue } from 'bullmq';
import { type BenchMessage, inBatches } from '../messages.ts';
import { BULK, CONCURRENCY, type Contender, connect } from './contender.ts';

const CHANNEL = 'kongregate';

/** The built package: what transforms sources on the fly makes functions slower. */
const herald = (await import(
  new URL('../../dist/src/index.js', import.meta.url).href
)) as typeof import('../../src/index.ts');

/** By all of Kongregate's rules but the rate. */
const work: Contender['work'] = async ({ url, sink }) => {
  const channel = {
    platform: 'kongregate',
    apiKey: 'k',
    baseUrl: sink,
    rate: false,
    concurrency: CONCURRENCY,
  } as const;
  const config = { redis: url, http: false, logLevel: 'warn', channels: { [CHANNEL]: channel } } as const;
  await herald.createWorker(config).start();
};

/** One job a message, by the wire contract alone, as producers in other languages add them. */
export const single: Contender = {
  async openSender(url) {
    const connection = connect(url);
    const queue = new Queue(`{${CHANNEL}}`, { connection, prefix: 'herald' });
    await queue.waitUntilReady();
    const job = (message: BenchMessage) => ({ name: 'message', data: { v: 1, ...message } });
    return {
      send: (message) => queue.add('message', job(message).data),
      async sendAll(messages) {
        for (const batch of inBatches(messages, BULK)) await queue.addBulk(batch.map(job));
      },
      async close() {
        await queue.close();
        connection.disconnect();
      },
    };
  },
  work,
};

/** Content that is the same for all, as long as that of the others. */
const CONTENT = 'Hello **player**, your guild has won the battle of the day and shares its spoils.';

/** By the producer, as a campaign to the messages' recipients. Each call of `sendAll` starts one. */
export const campaign: Contender = {
  async openSender(redis) {
    const producer = herald.createProducer({ redis, channels: [CHANNEL], timeout: '60s' });
    let started = 0;
    return {
      send: (message) => producer.send(message),
      async sendAll(messages) {
        started += 1;
        const spec = {
          id: `campaign-${process.pid}-${started}`,
          platform: CHANNEL,
          content: CONTENT,
        } as const;
        const { duplicate, invalidTotal } = await producer.campaign(spec, recipientsOf(messages));
        if (duplicate + invalidTotal > 0) throw new Error(`${duplicate} duplicate, ${invalidTotal} invalid`);
      },
      close: () => producer.close(),
    };
  },
  work,
};

function* recipientsOf(messages: Iterable<BenchMessage>): Generator<Pick<BenchMessage, 'to'>> {
  for (const { to } of messages) yield { to };
}

/** By the producer, which puts many messages into a job. */
export const bulk: Contender = {
  async openSender(redis) {
    const producer = herald.createProducer({ redis, channels: [CHANNEL], timeout: '60s' });
    return {
      send: (message) => producer.send(message),
      async sendAll(messages) {
        const { duplicate, invalidTotal } = await producer.sendMany(messages);
        if (duplicate + invalidTotal > 0) throw new Error(`${duplicate} duplicate, ${invalidTotal} invalid`);
      },
      close: () => producer.close(),
    };
  },
  work,
};
