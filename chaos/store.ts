import { Redis } from 'ioredis';
import type { Clock } from '../src/clock.ts';
import { type RedisServer, startRedis } from '../src/sandbox/index.ts';

/** The Redis of a run: with an append-only file, killed and started again, and watched for what it forgets. */
export interface Store {
  readonly server: RedisServer;
  /** For looking; waits while Redis is away. */
  readonly redis: Redis;
  readonly away: boolean;
  /** Counts that Redis acknowledged and did not know after a restart: then the run is beyond what can be promised. */
  readonly forgotten: number;
  /** kill -9, and the start after so long. Does nothing while another one lasts. */
  outage(
    forMs: number,
    pause: (ms: number) => Promise<void>,
  ): Promise<{ from: number; to: number } | undefined>;
  close(): Promise<void>;
}

const CANARY = 'chaos:canary';
const EVERY_MS = 20;

export async function openStore(clock: Clock): Promise<Store> {
  const server = await startRedis({ appendonly: true });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 100 });
  redis.on('error', () => {}); // Its outages are the runner's own doing.
  let away = false;
  let forgotten = 0;
  let acknowledged = 0;
  const canary = setInterval(() => {
    if (away || redis.status !== 'ready') return;
    redis.incr(CANARY).then(
      (count) => {
        acknowledged = Math.max(acknowledged, count);
      },
      () => {},
    );
  }, EVERY_MS);

  return {
    server,
    redis,
    get away() {
      return away;
    },
    get forgotten() {
      return forgotten;
    },
    async outage(forMs, pause) {
      if (away) return undefined;
      away = true;
      const from = clock.now();
      await server.kill();
      const before = acknowledged;
      await pause(forMs);
      await server.restart();
      const known = Number((await redis.get(CANARY)) ?? 0);
      forgotten += Math.max(0, before - known);
      away = false;
      return { from, to: clock.now() };
    },
    async close() {
      clearInterval(canary);
      redis.disconnect();
      await server.stop();
    },
  };
}
