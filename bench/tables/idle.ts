import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { SAMPLE_MS } from '../../src/channels/shared-sample.ts';
import { readVersion } from '../../src/observe/build-info.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { accountChannels } from '../../src/sandbox/accounts.ts';
import { buildLocalWorker } from '../../testing/local-worker.ts';
import { CHANNEL } from '../messages.ts';
import { redisCpuSeconds } from '../redis-figures.ts';
import { withStore } from '../stores.ts';
import type { Figures, Row, Table } from './table.ts';

const NUMBERS = [1, 10, 50] as const;
/** Workers that have just started sample more often. */
const BEGUN_MS = 2 * SAMPLE_MS;

/** Workers in this process, with nothing to deliver: what they cost their Redis, and how often the channel is sampled. */
async function measure(count: number, forMs: number): Promise<Figures> {
  return await withStore('redis', async ({ url }) => {
    const channels = { [CHANNEL]: accountChannels('http://127.0.0.1:9')[CHANNEL] };
    const config = { redis: url, http: false, logLevel: 'error', channels };
    const workers = Array.from({ length: count }, () => buildLocalWorker(config));
    const redis = new Redis(url);
    try {
      await Promise.all(workers.map((worker) => worker.start()));
      await pause(BEGUN_MS);
      const samples = await countSamples(redis);
      const before = await redisCpuSeconds(redis);
      await pause(forMs);
      const cpuSeconds = (await redisCpuSeconds(redis)) - before;
      return { samples: (samples.stop() * 60_000) / forMs, cpu: (cpuSeconds * 1_000_000) / forMs };
    } finally {
      redis.disconnect();
      await Promise.all(workers.map((worker) => worker.close()));
    }
  });
}

/** By Redis' own word of each write of one. */
async function countSamples(redis: Redis): Promise<{ stop(): number }> {
  await redis.config('SET', 'notify-keyspace-events', 'K$');
  const listening = redis.duplicate();
  let counted = 0;
  listening.on('message', (_, event) => {
    if (event === 'set') counted += 1;
  });
  await listening.subscribe(`__keyspace@0__:${channelKeys(CHANNEL).sample(readVersion())}`);
  return {
    stop() {
      listening.disconnect();
      return counted;
    },
  };
}

const row = (count: number): Row => ({
  name: `idle-${count}`,
  title: `${count} idle workers`,
  measure: ({ paceSeconds }) => measure(count, Math.max(paceSeconds * 1_000, 2 * SAMPLE_MS)),
});

export const idle: Table = {
  name: 'idle',
  title: 'Workers of one channel without work',
  columns: [
    { name: 'samples', title: 'samples a minute, of all', digits: 1 },
    { name: 'cpu', title: 'Redis CPU, ms a second', digits: 2 },
  ],
  rows: NUMBERS.map(row),
};
