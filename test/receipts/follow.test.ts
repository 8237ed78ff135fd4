import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type FollowedReceipt,
  type FollowReceiptsOptions,
  followReceipts,
} from '../../src/receipts/follow.ts';
import { CHANNELS_KEY, channelKeys } from '../../src/redis/keys.ts';
import { MAX_SHARDS, storeNames } from '../../src/redis/shards.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import { eventually } from '../../testing/eventually.ts';
import { mostListeners } from '../support/most-listeners.ts';

let server: RedisServer;
let redis: Redis;
let ending: AbortController;
beforeEach(async () => {
  server = await startRedis({ appendonly: true });
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  redis.disconnect();
  await server.stop();
});

const write = async (id: string, channel = 'kongregate') =>
  await redis.xadd(
    channelKeys(channel).receipts,
    '*',
    ...['v', '1', 'id', id, 'run', '1', 'state', 'delivered', 'reason', 'sent', 'at', '1', 'attempts', '1'],
  );

/** As its workers do, a channel over shards. */
const announce = (channel: string, shards: number) =>
  redis.hset(CHANNELS_KEY, channel, JSON.stringify({ platform: 'discourse', shards }));

const following = (options: Partial<FollowReceiptsOptions> = {}) =>
  followReceipts({ redis: server.url, channels: 'kongregate', signal: ending.signal, ...options });

/** So many receipts, and then leaves the loop. */
async function take(count: number, options: Partial<FollowReceiptsOptions> = {}): Promise<FollowedReceipt[]> {
  const taken: FollowedReceipt[] = [];
  for await (const receipt of following(options)) if (taken.push(receipt) === count) break;
  return taken;
}

const ids = (receipts: readonly FollowedReceipt[]): string[] => receipts.map(({ id }) => id);

/** What is followed as long as nobody ends it. */
function follow(options: Partial<FollowReceiptsOptions> = {}) {
  const receipts: FollowedReceipt[] = [];
  const done = (async () => {
    for await (const receipt of following(options)) receipts.push(receipt);
  })();
  const reached = (count: number) => eventually(`${count} receipts`, () => receipts.length >= count);
  return { receipts, done, reached };
}

const blocked = () =>
  eventually(
    'somebody to wait for receipts',
    async () => await redis.client('LIST'),
    (list) => String(list).includes('cmd=xread'),
  );

describe('followReceipts', () => {
  it('reads what is kept from the start, an instant or a cursor on', async () => {
    for (const id of ['a', 'b', 'c']) await write(id);
    const [first, ...rest] = await take(3, { from: 'start' });
    expect(first).toMatchObject({ channel: 'kongregate', id: 'a', state: 'delivered', run: 1, gap: false });
    expect(ids(rest)).toEqual(['b', 'c']);
    expect(ids(await take(2, { from: first!.cursor }))).toEqual(['b', 'c']);
    expect(ids(await take(3, { from: new Date(1) }))).toEqual(['a', 'b', 'c']);
    expect(ids(await take(3, { from: new Date(Date.now() - 3_600_000).toISOString() }))).toHaveLength(3);
  });

  it('waits for what is written from now on, and ends with its signal', async () => {
    await write('before');
    const { receipts, done, reached } = follow();
    await blocked();
    await write('after');
    await reached(1);
    await blocked();
    ending.abort();
    await done;
    expect(ids(receipts)).toEqual(['after']);
    expect(ids(await take(1, { from: 'start' }))).toEqual([]);
  });

  it('follows several channels, each in its order, and goes on in all of them from one cursor', async () => {
    for (const id of ['a', 'b']) await write(id);
    for (const id of ['x', 'y']) await write(id, 'forum');
    const channels = ['kongregate', 'forum'];
    const three = await take(3, { channels, from: 'start' });
    expect(ids(three)).toEqual(['a', 'b', 'x']);
    const from = three.at(-1)!.cursor;
    expect(ids(await take(1, { channels, from }))).toEqual(['y']);
    await write('new', 'staff');
    expect(ids(await take(2, { channels: [...channels, 'staff'], from })).sort()).toEqual(['new', 'y']);
  });

  it('loses nothing of a channel that has fewer shards by now', async () => {
    const channels = 'forum';
    const four = storeNames('forum', 4);
    await announce('forum', 4);
    for (const store of four) await write(`first in ${store}`, store);
    const before = (await take(4, { channels, from: 'start' })).at(-1)!.cursor;
    for (const store of four) await write(`second in ${store}`, store);
    await announce('forum', 2);
    const { receipts, reached } = follow({ channels, from: before });
    await reached(4);
    expect(ids(receipts).sort()).toEqual(four.map((store) => `second in ${store}`));
    // As the next one does that begins with its last cursor.
    await write('third', 'forum/3');
    const next = follow({ channels, from: receipts[3]!.cursor });
    await next.reached(1);
    expect(ids(next.receipts)).toEqual(['third']);
  });

  it('repeats nothing of a channel that is announced only after it went on from a cursor', async () => {
    const channels = 'forum';
    await announce('forum', 2);
    for (const store of storeNames('forum', 2)) await write(`first in ${store}`, store);
    const before = (await take(2, { channels, from: 'start' })).at(-1)!.cursor;
    await redis.hdel(CHANNELS_KEY, 'forum');
    const { receipts, reached } = follow({ channels, from: before });
    await blocked();
    await announce('forum', 4);
    await write('second', 'forum/1');
    await write('new', 'forum/3');
    await reached(2);
    expect(ids(receipts).sort()).toEqual(['new', 'second']);
  });

  it('takes no store from a cursor that a channel cannot have', async () => {
    const cursors: string[] = [];
    const stores = ['forum', `forum/${MAX_SHARDS - 1}`, `forum/${MAX_SHARDS}`, 'forum/07', 'staff'];
    const from = stores.map((store) => `${store}=1-0`).join('&');
    follow({ channels: 'forum', from, onStart: (cursor) => cursors.push(cursor) });
    await eventually('the start', () => cursors.length === 1);
    expect(cursors).toEqual([`forum=1-0&forum/${MAX_SHARDS - 1}=1-0`]);
  });

  it('survives an outage of Redis, and loses and repeats nothing', async () => {
    await write('a');
    const { receipts, reached } = follow({ from: 'start' });
    await reached(1);
    await blocked();
    await server.kill();
    await server.restart();
    await write('b');
    await reached(2);
    expect(receipts.map(({ id, gap }) => [id, gap])).toEqual([
      ['a', false],
      ['b', false],
    ]);
  });

  it('begins before Redis does', async () => {
    await server.kill();
    const { reached } = follow({ from: 'start' });
    await server.restart();
    await write('a');
    await reached(1);
  });

  it('tells where receipts were cut that it had not read, and only there', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await write(id);
    const [a, b] = await take(2, { from: 'start' });
    await redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 3);
    const gaps = async (from: string, count: number) =>
      (await take(count, { from })).map(({ id, gap }) => (gap ? `gap ${id}` : id));
    expect(await gaps(b!.cursor, 2)).toEqual(['c', 'd']);
    await redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 1);
    expect(await gaps(a!.cursor, 1)).toEqual(['gap d']);
    await redis.flushall();
    await write('e');
    await write('f');
    expect(await gaps(b!.cursor, 2)).toEqual(['gap e', 'f']);
  });

  it('tells how many are missing, by the cursor of any time', async () => {
    const cut = (keep: number) => redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', keep);
    const missing = async (from: string, count = 1) =>
      (await take(count, { from })).map(({ id, gap, missing }) => [id, gap, missing]);
    for (const id of ['a', 'b', 'c', 'd']) await write(id);
    const [a, b] = await take(2, { from: 'start' });
    await cut(2);
    expect(await missing(b!.cursor)).toEqual([['c', false, null]]);
    expect(await missing(a!.cursor, 2)).toEqual([
      ['c', true, { count: 1, exact: true }],
      ['d', false, null],
    ]);
    const d = (await take(2, { from: b!.cursor }))[1]!;
    for (const id of ['e', 'f', 'g']) await write(id);
    await cut(1);
    expect(await missing(d.cursor)).toEqual([['g', true, { count: 2, exact: true }]]);
    expect(await missing(a!.cursor)).toEqual([['g', true, { count: 5, exact: true }]]);
    const unnumbered = a!.cursor.replace(/#.*/, '');
    expect(await missing(unnumbered)).toEqual([['g', true, null]]);
    await redis.flushall();
    await write('h');
    expect(await missing(d.cursor)).toEqual([['h', true, null]]);
  });

  it('tells how many are missing at least where it began in the middle, and how many where it came to the end', async () => {
    for (let i = 0; i < 1_200; i += 1) await write(`${i}`);
    const all = await take(1_200, { from: 'start' });
    const middle = all[99]!.cursor.replace(/#.*/, '');
    const [first] = await take(1, { from: middle });
    const end = (await take(1_100, { from: middle })).at(-1)!;
    for (let i = 0; i < 700; i += 1) await write(`late ${i}`);
    await redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 100);
    expect(await take(1, { from: first!.cursor })).toMatchObject([
      { id: 'late 600', gap: true, missing: { count: 1_099, exact: false } },
    ]);
    expect(await take(1, { from: end.cursor })).toMatchObject([
      { gap: true, missing: { count: 600, exact: true } },
    ]);
  });

  it('counts from where it began to wait', async () => {
    const cursors: string[] = [];
    const { reached } = follow({ onStart: (cursor) => cursors.push(cursor) });
    await eventually('the start', () => cursors.length === 1);
    for (const id of ['a', 'b', 'c']) await write(id);
    await reached(3);
    await redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 1);
    expect(await take(1, { from: cursors[0]! })).toMatchObject([
      { id: 'c', gap: true, missing: { count: 2, exact: true } },
    ]);
  });

  it('steps over entries that are no receipts', async () => {
    await redis.xadd(channelKeys('kongregate').receipts, '*', 'foreign', '1');
    await write('a');
    expect(ids(await take(1, { from: 'start' }))).toEqual(['a']);
  });

  it('leaves nothing behind with each receipt, however long it lives', async () => {
    await write('0');
    let count = 0;
    const most = await mostListeners(async () => {
      for await (const _ of following({ from: 'start' })) {
        count += 1;
        if (count === 50) break;
        await write(`${count}`);
      }
    });
    expect(most).toBeLessThan(10);
  });

  it('lets go of its connection where the loop is left, and takes an instance', async () => {
    await write('a');
    await take(1, { from: 'start', redis });
    await eventually(
      'its connection to be gone',
      async () =>
        String(await redis.client('LIST'))
          .trim()
          .split('\n').length,
      (connections) => connections === 1,
    );
  });

  it('refuses what it cannot follow', async () => {
    expect(() => following({ channels: [] })).toThrow(/^channels: /);
    expect(() => following({ channels: 'a b' })).toThrow(/^channels: .*"a b"/);
    expect(() => following({ from: 'yesterday' })).toThrow(/^from: /);
    expect(() => following({ redis: 'http://127.0.0.1' })).toThrow(/^redis: /);
    await redis.config('SET', 'requirepass', 'secret');
    await expect(take(1)).rejects.toMatchObject({ code: 'HERALD_REDIS_UNREACHABLE' });
  });
});
