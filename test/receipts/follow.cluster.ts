import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import {
  type FollowedReceipt,
  type FollowReceiptsOptions,
  followReceipts,
} from '../../src/receipts/follow.ts';
import { hashSlot } from '../../src/redis/hash-slot.ts';
import { CHANNELS_KEY, channelKey, channelKeys } from '../../src/redis/keys.ts';
import { shardName } from '../../src/redis/shards.ts';

import { eventually } from '../../testing/eventually.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';

/** Masters without replicas: what one of them has is away for as long as it is. */

const thirdOf = (key: string): number => Math.floor((3 * hashSlot(key)) / 16_384);

/** A channel in this third of the slots. */
function nameIn(third: number): string {
  for (let n = 0; ; n += 1) if (thirdOf(channelKey(`game-${n}`)) === third) return `game-${n}`;
}

const DIRECTORY = thirdOf(CHANNELS_KEY);
/** A channel whose master is away, and one on another; the third has the directory, and a channel as well. */
const [AWAY, HERE] = [0, 1, 2].filter((third) => third !== DIRECTORY).map(nameIn) as [string, string];
const BESIDE = nameIn(DIRECTORY);

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startCluster({ replicas: 0, args: ['--cluster-require-full-coverage', 'no'] });
});
afterAll(() => cluster?.close());
beforeEach(async () => {
  for (const { redis } of cluster.nodes) await redis.flushall();
});

async function write(id: string, store: string, entry = '*'): Promise<void> {
  const { redis } = await cluster.masterOf(channelKey(store));
  const fields = ['v', '1', 'id', id, 'run', '1', 'state', 'delivered', 'reason', 'sent', 'at', '1'];
  await redis.xadd(channelKeys(store).receipts, entry, ...fields, 'attempts', '1');
}

/** @returns what brings it back */
async function takeAway(key: string): Promise<() => Promise<void>> {
  const master = await cluster.masterOf(key);
  await master.kill();
  const back = async (): Promise<void> => {
    if (master.state === 'running') return;
    await master.restart();
    await cluster.whole();
  };
  onTestFinished(back);
  return back;
}

function follow(channels: readonly string[], options: Partial<FollowReceiptsOptions> = {}) {
  const ending = new AbortController();
  const receipts: FollowedReceipt[] = [];
  let startedAt: string | undefined;
  const done = (async () => {
    const redis = { cluster: cluster.urls };
    const onStart = (cursor: string): void => {
      startedAt = cursor;
    };
    const following = followReceipts({ redis, channels, signal: ending.signal, onStart, ...options });
    for await (const receipt of following) receipts.push(receipt);
  })();
  onTestFinished(async () => {
    ending.abort();
    await done;
  });
  const ids = (): string[] => receipts.map(({ id }) => id);
  return {
    ids,
    cursor: (): string => receipts.at(-1)!.cursor,
    reached: (count: number) => eventually(`${count} receipts`, ids, (all) => all.length >= count),
    started: () => eventually('the start', () => startedAt as string),
  };
}

it('goes on with what others have while a node is away, and with its own when it is back', async () => {
  await write('a', AWAY);
  await write('b', HERE);
  const { ids, reached } = follow([AWAY, HERE], { from: 'start' });
  await reached(2);
  const back = await takeAway(channelKey(AWAY));
  await write('c', HERE);
  await reached(3);
  await write('d', HERE);
  await reached(4);
  await back();
  await write('e', AWAY);
  await reached(5);
  expect(ids()).toEqual(['a', 'b', 'c', 'd', 'e']);
});

it('goes on from a cursor while the node of the directory is away, and loses nothing of it', async () => {
  await write('a', BESIDE);
  await write('b', HERE);
  const channels = [BESIDE, HERE];
  const before = follow(channels, { from: 'start' });
  await before.reached(2);
  const cursor = before.cursor();
  await write('unread', BESIDE);
  const back = await takeAway(CHANNELS_KEY);
  await write('c', HERE);
  const first = follow(channels, { from: cursor });
  await first.reached(1);
  expect(first.ids()).toEqual(['c']);
  const second = follow(channels, { from: first.cursor() });
  await write('d', HERE);
  await second.reached(1);
  await back();
  await second.reached(2);
  expect(second.ids()).toEqual(['d', 'unread']);
});

it('begins now while a node is away, from which it gets what is written since', async () => {
  await write('long ago', AWAY, '1-1');

  const back = await takeAway(channelKey(AWAY));
  const { ids, reached, started } = follow([AWAY, HERE]);
  const cursor = await started();
  await write('a', HERE);
  await reached(1);
  await back();
  await write('b', AWAY);
  await reached(2);
  expect(ids()).toEqual(['a', 'b']);
  const resumed = follow([AWAY, HERE], { from: cursor });
  await resumed.reached(2);
  expect(resumed.ids().toSorted()).toEqual(['a', 'b']);
});

it('reads the other shards of a channel while the node of one is away', async () => {
  const shards = [0, 1, 2, 3, 4, 5, 6, 7];
  const directory = await cluster.masterOf(CHANNELS_KEY);
  await directory.redis.hset(CHANNELS_KEY, HERE, JSON.stringify({ shards: shards.length }));
  const lost = shards.find((shard) => {
    const third = thirdOf(channelKey(shardName(HERE, shard)));
    return third !== DIRECTORY && third !== thirdOf(channelKey(HERE));
  })!;
  const kept = shards.filter(
    (shard) => thirdOf(channelKey(shardName(HERE, shard))) !== thirdOf(channelKey(shardName(HERE, lost))),
  );
  await write('unread', shardName(HERE, lost));
  const back = await takeAway(channelKey(shardName(HERE, lost)));
  const { ids, reached } = follow([HERE], { from: 'start' });
  for (const shard of kept) await write(`of ${shard}`, shardName(HERE, shard));
  await reached(kept.length);
  expect(ids().toSorted()).toEqual(kept.map((shard) => `of ${shard}`));
  await back();
  await reached(kept.length + 1);
  expect(ids().at(-1)).toBe('unread');
});
