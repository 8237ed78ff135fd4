import { Redis } from 'ioredis';
import { channelKey } from '../src/redis/keys.ts';
import { CHANNELS } from './channels.ts';

/** Follows the queues' own word of who gets which job; it keeps only the latest hundred. */
export interface QueueEvents {
  close(): void;
}

const BLOCK_MS = 200;
const COUNT = 1_000;

/** @param onGiven told of each job that a worker got: `<channel> <job id>`, by Redis's clock */
export function followQueues(redis: string, onGiven: (at: number, job: string) => void): QueueEvents {
  const client = new Redis(redis, { maxRetriesPerRequest: null, replyMapping: 'legacy' });
  client.on('error', () => {}); // Redis is killed again and again.
  const channels = new Map(CHANNELS.map(({ name }) => [`${channelKey(name)}:events`, name]));
  const seen = new Map([...channels.keys()].map((key) => [key, '0-0']));
  let closed = false;

  async function follow(): Promise<void> {
    while (!closed) {
      const streams = await client
        .xread('COUNT', COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', ...seen.keys(), ...seen.values())
        .catch(() => null);
      for (const [key, entries] of (streams ?? []) as [string, [string, string[]][]][]) {
        for (const [id, fields] of entries) {
          seen.set(key, id);
          const job = fields[fields.indexOf('jobId') + 1];
          if (fields[1] === 'active') onGiven(Number.parseInt(id, 10), `${channels.get(key)} ${job}`);
        }
      }
    }
  }
  void follow();
  return {
    // Not waited for: a command that waits to be sent again when its connection is given up never ends.
    close() {
      closed = true;
      client.disconnect();
    },
  };
}
