import { Redis, type RedisOptions } from 'ioredis';
import type { Clock } from '../../src/clock.ts';
import { startRedis } from '../../src/sandbox/index.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';
import { type Canary, type OneNode, oneNodeActs } from './one-node-acts.ts';
import { PATIENT, type Store, type Way } from './store.ts';

const CANARY = 'chaos:canary';
const EVERY_MS = 20;

/** One Redis with an append-only file: killed and started again, flushed, filled up, demoted and promoted. */
export async function openOneNode(clock: Clock): Promise<Store> {
  const server = await startRedis({ appendonly: true });
  const way = wayTo(server.url);
  const redis = way.connect();
  await redis.config('SET', 'repl-diskless-sync-delay', '0');
  const canary = startCanary(redis, () => node.away);
  const node: OneNode = { server, redis, canary, clock, away: false, unkept: 0, forgettings: [] };
  return {
    ...way,
    of: () => redis,
    get away() {
      return node.away;
    },
    get unkept() {
      return node.unkept;
    },
    forgettings: node.forgettings,
    failovers: [],
    async openLink() {
      const proxy = await openFaultyProxy(server.port);
      return { ...proxy, ...wayTo(`redis://127.0.0.1:${proxy.port}`) };
    },
    acts: (deps) => oneNodeActs(node, deps),
    async close() {
      canary.stop();
      redis.disconnect();
      await server.stop();
    },
  };
}

interface OneWay extends Way {
  connect(channel?: string, options?: RedisOptions): Redis;
}

function wayTo(url: string): OneWay {
  return {
    ...{ address: url, option: url },
    connect(_, options) {
      const redis = new Redis(url, {
        ...{ ...PATIENT, ...options },
        replyMapping: 'legacy',
      });
      redis.on('error', () => {}); // Its outages are the runner's own doing.
      return redis;
    },
  };
}

function startCanary(redis: Redis, isAway: () => boolean): Canary {
  const canary: Canary = {
    acknowledged: 0,
    known: async () => Number((await redis.get(CANARY)) ?? 0),
    stop: () => clearInterval(timer),
  };
  const timer = setInterval(() => {
    if (isAway() || redis.status !== 'ready') return;
    redis.incr(CANARY).then(
      (count) => {
        canary.acknowledged = Math.max(canary.acknowledged, count);
      },
      () => {},
    );
  }, EVERY_MS);
  return canary;
}
