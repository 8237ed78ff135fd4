import type { BenchMessage } from '../messages.ts';
import { CONCURRENCY, type Contender } from './contender.ts';

const CHANNEL = 'kongregate';

/** The built package: what transforms sources on the fly makes functions slower. */
const herald = (await import(
  new URL('../../dist/src/index.js', import.meta.url).href
)) as typeof import('../../src/index.ts');

/** One job a message, delivered by all of Kongregate's rules but the rate. */
export const single: Contender = {
  async openSender(redis) {
    const producer = herald.createProducer({ redis, channels: [CHANNEL], timeout: '60s' });
    return {
      send: (message: BenchMessage) => producer.send(message),
      sendAll: async (messages: Iterable<BenchMessage>) => {
        const { duplicate, invalidTotal } = await producer.sendMany(messages);
        if (duplicate + invalidTotal > 0) throw new Error(`${duplicate} duplicate, ${invalidTotal} invalid`);
      },
      close: () => producer.close(),
    };
  },
  async work({ url, sink }) {
    const channel = {
      platform: 'kongregate',
      apiKey: 'k',
      baseUrl: sink,
      rate: false,
      concurrency: CONCURRENCY,
    } as const;
    const config = { redis: url, http: false, logLevel: 'warn', channels: { [CHANNEL]: channel } } as const;
    await herald.createWorker(config).start();
  },
};
