import { type ChainableCommander, Redis } from 'ioredis';
import type { Clock } from '../src/clock.ts';
import { parseReceipts } from '../src/observe/receipts.ts';
import { channelKeys } from '../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../src/sandbox/index.ts';
import { openFaultyProxy } from '../testing/faulty-proxy.ts';
import { CHANNELS } from './channels.ts';
import { deadLettersOf } from './dead-letters.ts';
import type { Forgetting } from './forgetting.ts';

/**
 * The Redis of a run: with an append-only file, killed and started again, flushed, filled up, demoted and promoted, and
 * watched for what it forgets without having been made to.
 */
export interface Store {
  readonly server: RedisServer;
  /** For looking; waits while Redis is away. */
  readonly redis: Redis;
  readonly away: boolean;
  /** Counts that Redis acknowledged and did not know after a restart: then the run is beyond what can be promised. */
  readonly forgotten: number;
  /** kill -9, and the start after so long. Does nothing while another one lasts. */
  outage(forMs: number, pause: Pause): Promise<{ from: number; to: number } | undefined>;
  /** What it was made to forget so far. */
  readonly forgettings: readonly Forgetting[];
  flush(command: 'flushall' | 'flushdb'): Promise<void>;
  /** A replica that lags so far behind takes over; the primary follows it, and is promoted again. */
  demote(lagMs: number, pause: Pause): Promise<void>;
  /** Takes no writes for so long. */
  fill(forMs: number, pause: Pause): Promise<void>;
  close(): Promise<void>;
}

type Pause = (ms: number) => Promise<void>;

const CANARY = 'chaos:canary';
const EVERY_MS = 20;
const LOOK_MS = 100;
const LINKED_TRIES = 300;

export async function openStore(clock: Clock): Promise<Store> {
  const server = await startRedis({ appendonly: true });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 100 });
  redis.on('error', () => {}); // Its outages are the runner's own doing.
  await redis.config('SET', 'repl-diskless-sync-delay', '0');
  let away = false;
  let forgotten = 0;
  let acknowledged = 0;
  const forgettings: Forgetting[] = [];

  /** Reads what is there and takes it away in one step: nothing is written in between. */
  async function forget(kind: string, act: (commands: ChainableCommander) => void): Promise<void> {
    const deadLettersAt = clock.now();
    const deadLetters = await Promise.all(
      CHANNELS.map(async (channel) => [channel.name, await deadLettersOf(channel, redis)]),
    );
    const commands = redis.multi();
    for (const { name } of CHANNELS) commands.xrange(channelKeys(name).receipts, '-', '+');
    act(commands);
    const replies = (await commands.exec()) ?? [];
    for (const [error] of replies) if (error) throw error;
    const receipts = CHANNELS.map(({ name }, i) => [name, parseReceipts(replies[i]?.[1] as [])] as const);
    acknowledged = 0;
    forgettings.push({
      ...{ kind, deadLettersAt, at: clock.now(), receipts: new Map(receipts) },
      deadLetters: new Map(deadLetters as [string, Set<string>][]),
    });
  }

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
    forgettings,
    flush: (command) => forget(command, (commands) => void commands[command]()),
    async demote(lagMs, pause) {
      const behind = await openFaultyProxy(server.port);
      const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${behind.port}`] });
      const other = new Redis(replica.url);
      try {
        await linked(other, pause);
        behind.halfOpen();
        await pause(lagMs);
        await other.replicaof('NO', 'ONE');
        await other.config('SET', 'repl-diskless-sync-delay', '0');
        away = true;
        await forget('demotion', (commands) => void commands.replicaof('127.0.0.1', replica.port));
        await linked(redis, pause);
        await redis.replicaof('NO', 'ONE');
      } finally {
        away = false;
        other.disconnect();
        await behind.close();
        await replica.stop();
      }
    },
    async fill(forMs, pause) {
      await redis.config('SET', 'maxmemory', '1');
      await pause(forMs);
      await redis.config('SET', 'maxmemory', '0');
    },
    async close() {
      clearInterval(canary);
      redis.disconnect();
      await server.stop();
    },
  };
}

/** Resolves when the server follows its primary and has all that the primary had. */
async function linked(redis: Redis, pause: Pause): Promise<void> {
  for (let tries = 0; tries < LINKED_TRIES; tries += 1) {
    const info = await redis.info('replication');
    if (/master_link_status:up/.test(info) && /master_sync_in_progress:0/.test(info)) return;
    await pause(LOOK_MS);
  }
  throw new Error(`a replica was not in step after ${(LINKED_TRIES * LOOK_MS) / 1000} s`);
}
