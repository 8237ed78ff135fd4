import { type ChainableCommander, Redis } from 'ioredis';
import type { Clock } from '../../src/clock.ts';
import { parseReceipts, type Receipt } from '../../src/receipts/receipts.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/index.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';
import { CHANNELS, storesOf } from '../channels.ts';
import { deadLettersOf } from '../dead-letters.ts';
import type { Forgetting } from '../forgetting.ts';
import type { Acts, NodeFault } from '../nemesis.ts';
import type { StoreActDeps } from './store.ts';

/** What the acts have in hand. */
export interface OneNode {
  readonly server: RedisServer;
  /** For looking. */
  readonly redis: Redis;
  readonly canary: Canary;
  readonly clock: Clock;
  away: boolean;
  unkept: number;
  readonly forgettings: Forgetting[];
}

/** Counts up, and remembers how far Redis acknowledged it. */
export interface Canary {
  acknowledged: number;
  known(): Promise<number>;
  stop(): void;
}

type Pause = StoreActDeps['pause'];

const LOOK_MS = 100;
const LINKED_TRIES = 300;

/** What one Redis suffers: outages, and the loss of what it acknowledged. */
export function oneNodeActs(node: OneNode, deps: StoreActDeps): Acts<NodeFault> {
  const { count, pause, fleet } = deps;
  return {
    async outage({ forMs }) {
      const away = await outage(node, forMs, pause);
      if (!away) return;
      count('redis killed and started again');
      fleet.recovery.away(away.from, away.to);
    },
    async flush({ command }) {
      count(command.toUpperCase());
      const read = await readReceipts(node);
      await forget(node, { kind: command, read }, (commands) => void commands[command]());
      await sendAgain(node, deps);
    },
    async demotion({ lagMs }) {
      count('primary demoted to a lagging replica, and promoted');
      await demote(node, lagMs, pause);
      await sendAgain(node, deps);
    },
    async full({ forMs }) {
      count('redis full');
      await node.redis.config('SET', 'maxmemory', '1');
      await pause(forMs);
      await node.redis.config('SET', 'maxmemory', '0');
    },
  };
}

/** kill -9, and the start after so long. Does nothing while another one lasts. */
async function outage(
  node: OneNode,
  forMs: number,
  pause: Pause,
): Promise<{ from: number; to: number } | undefined> {
  const { server, canary, clock } = node;
  if (node.away) return undefined;
  node.away = true;
  const from = clock.now();
  await server.kill();
  const before = canary.acknowledged;
  await pause(forMs);
  await server.restart();
  node.unkept += Math.max(0, before - (await canary.known()));
  node.away = false;
  return { from, to: clock.now() };
}

/** A replica that lags so far behind takes over; the primary follows it, and is promoted again. */
async function demote(node: OneNode, lagMs: number, pause: Pause): Promise<void> {
  const { server, redis } = node;
  const behind = await openFaultyProxy(server.port);
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${behind.port}`] });
  const other = new Redis(replica.url);
  try {
    await linked(other, pause);
    // Before it lags: what it lacks is what is written from then on.
    const read = await readReceipts(node);
    behind.halfOpen();
    await pause(lagMs);
    await other.replicaof('NO', 'ONE');
    await other.config('SET', 'repl-diskless-sync-delay', '0');
    node.away = true;
    const takesOver = (commands: ChainableCommander): void =>
      void commands.replicaof('127.0.0.1', replica.port);
    await forget(node, { kind: 'demotion', read }, takesOver);
    await linked(redis, pause);
    await redis.replicaof('NO', 'ONE');
  } finally {
    node.away = false;
    other.disconnect();
    await behind.close();
    await replica.stop();
  }
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

/** An application that followed the receipts knows what had ended; whatever was waiting went with the store. */
async function sendAgain({ forgettings }: OneNode, { orders, count }: StoreActDeps): Promise<void> {
  const receipts = forgettings.flatMap((forgetting) => [...forgetting.receipts.values()].flat());
  const final = new Set(receipts.map(({ id }) => id));
  count('messages that went with it, sent again', await orders.sendAgain((id) => final.has(id)));
}

/** Reads what is there and takes it away in one step: nothing is written in between. */
async function forget(
  { redis, canary, clock, forgettings }: OneNode,
  { kind, read }: { kind: string; read: readonly Read[] },
  act: (commands: ChainableCommander) => void,
): Promise<void> {
  const deadLettersAt = clock.now();
  const deadLetters = await Promise.all(
    CHANNELS.map(
      async (channel): Promise<[string, Set<string>]> => [
        channel.name,
        await deadLettersOf(channel, { of: () => redis }),
      ],
    ),
  );
  const commands = redis.multi();
  for (const { store, next } of read) commands.xrange(channelKeys(store).receipts, next, '+');
  act(commands);
  const replies = (await commands.exec()) ?? [];
  for (const [error] of replies) if (error) throw error;
  const receipts = new Map<string, Receipt[]>();
  for (const [i, { channel, receipts: before }] of read.entries()) {
    const latest = parseReceipts(replies[i]![1] as []);
    receipts.set(channel, [...(receipts.get(channel) ?? []), ...before, ...latest]);
  }
  canary.acknowledged = 0;
  forgettings.push({
    ...{ kind, deadLettersAt, at: clock.now(), receipts },
    deadLetters: new Map(deadLetters),
  });
}

/** What was read of a store's stream of receipts. */
interface Read {
  channel: string;
  store: string;
  receipts: Receipt[];
  /** From where on XRANGE goes on. */
  next: string;
}

const PAGE = 1_000;

/**
 * Nearly all receipts are read before they are forgotten, a page at a time: a hundred thousand of them at once hold up this process, and with it
 * the ways of all workers to the store, for seconds. A worker could then tell the store too late what it knows.
 */
async function readReceipts({ redis }: OneNode): Promise<Read[]> {
  const all: Read[] = [];
  for (const channel of CHANNELS)
    for (const store of storesOf(channel)) all.push(await readStream(redis, channel.name, store));
  return all;
}

async function readStream(redis: Redis, channel: string, store: string): Promise<Read> {
  const read: Read = { channel, store, receipts: [], next: '-' };
  for (;;) {
    const page = await redis.xrange(channelKeys(store).receipts, read.next, '+', 'COUNT', PAGE);
    read.receipts.push(...parseReceipts(page));
    if (page.length > 0) read.next = `(${page.at(-1)![0]}`;
    if (page.length < PAGE) return read;
  }
}
