import { Queue } from 'bullmq';
import { metric } from '../../testing/metrics-parser.ts';
import { type BenchMessage, CHANNEL, inBatches } from '../messages.ts';
import { BULK, CONCURRENCY, type Contender, connect } from './contender.ts';

/** The built package: what transforms sources on the fly makes functions slower. */
const herald = (await import(
  new URL('../../dist/src/index.js', import.meta.url).href
)) as typeof import('../../src/index.ts');

const addressOf = (url: string): string | { cluster: string[] } =>
  url.includes(',') ? { cluster: url.split(',') } : url;

/** The one of this process. */
let worker: ReturnType<typeof herald.createWorker> | undefined;

/** By all of Kongregate's rules; the rate where it is asked for. */
const work: Contender['work'] = async ({ url, sink, perSecond, shards }) => {
  const channel = {
    platform: 'kongregate',
    apiKey: 'k',
    baseUrl: sink,
    rate: perSecond === undefined ? false : { max: perSecond, per: '1s' },
    concurrency: CONCURRENCY,
    shards,
  } as const;
  const redis = addressOf(url);
  const config = { redis, http: false, logLevel: 'warn', channels: { [CHANNEL]: channel } } as const;
  worker = herald.createWorker(config);
  await worker.start();
};

const delivered = async (): Promise<number> =>
  metric((await worker?.metrics()) ?? '', 'herald_messages_total', { state: 'delivered' }) ?? 0;

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
  ...{ work, delivered },
};

/** Content that is the same for all, as long as that of the others. */
const CONTENT = 'Hello **player**, your guild has won the battle of the day and shares its spoils.';

/** By the producer, as a campaign to the messages' recipients. Each call of `sendAll` starts one. */
export const campaign: Contender = {
  async openSender(url) {
    const producer = herald.createProducer({ redis: addressOf(url), channels: [CHANNEL], timeout: '60s' });
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
  ...{ work, delivered },
};

function* recipientsOf(messages: Iterable<BenchMessage>): Generator<Pick<BenchMessage, 'to'>> {
  for (const { to } of messages) yield { to };
}

/** By the producer, which puts many messages into a job. */
export const bulk: Contender = {
  async openSender(url) {
    const producer = herald.createProducer({ redis: addressOf(url), channels: [CHANNEL], timeout: '60s' });
    return {
      send: (message) => producer.send(message),
      async sendAll(messages) {
        const { duplicate, invalidTotal } = await producer.sendMany(messages);
        if (duplicate + invalidTotal > 0) throw new Error(`${duplicate} duplicate, ${invalidTotal} invalid`);
      },
      close: () => producer.close(),
    };
  },
  ...{ work, delivered },
};
