import type { Redis } from 'ioredis';
import { channelKey } from '../src/redis/keys.ts';
import { CHANNELS, storesOf } from './channels.ts';
import type { Way } from './stores/store.ts';

/** Follows the queues' own word of who gets which job; it keeps only the latest hundred. */
export interface QueueEvents {
  close(): void;
}

const BLOCK_MS = 200;
const COUNT = 1_000;

/** @param onGiven told of each job that a worker got: `<channel> <job id>`, by Redis's clock */
export function followQueues(
  store: Pick<Way, 'connect'>,
  onGiven: (at: number, job: string) => void,
): QueueEvents {
  const clients = CHANNELS.flatMap((channel) =>
    storesOf(channel).map((name) => {
      const client = store.connect(name);
      void follow(client, `${channelKey(name)}:events`, (at, job) => onGiven(at, `${channel.name} ${job}`));
      return client;
    }),
  );
  return {
    // Not waited for: a command that waits to be sent again when its connection is given up never ends.
    close() {
      for (const client of clients) client.disconnect();
    },
  };
}

async function follow(client: Redis, key: string, onGiven: (at: number, job: string) => void): Promise<void> {
  let seen = '0-0';
  while (client.status !== 'end') {
    const streams = await client
      .xread('COUNT', COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', key, seen)
      .catch(() => null);
    for (const [, entries] of (streams ?? []) as [string, [string, string[]][]][]) {
      for (const [id, fields] of entries) {
        seen = id;
        const job = fields[fields.indexOf('jobId') + 1];
        if (fields[1] === 'active') onGiven(Number.parseInt(id, 10), `${job}`);
      }
    }
  }
}
