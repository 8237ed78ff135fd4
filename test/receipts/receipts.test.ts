import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { iterateReceipts, readReceipts } from '../../src/receipts/receipts.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

const CHANNEL = 'kongregate';

const write = (id: string, extra: Record<string, string> = {}) =>
  redis.xadd(
    channelKeys(CHANNEL).receipts,
    '*',
    ...Object.entries({
      v: '1',
      id,
      run: '1',
      state: 'delivered',
      reason: 'sent',
      at: '1767225600000',
      attempts: '2',
      ...extra,
    }).flat(),
  );

async function collect(range: Parameters<typeof iterateReceipts>[2]): Promise<string[]> {
  const ids = [];
  for await (const receipt of iterateReceipts(redis, CHANNEL, range)) ids.push(receipt.id);
  return ids;
}

it('reads every field with its own type', async () => {
  const entry = await write('a', { platformMessageId: '42', meta: '{"campaign":"spring"}' });
  await write('b', { state: 'suppressed', reason: 'quota', attempts: '0' });
  const [a, b] = await readReceipts(redis, CHANNEL);
  expect(a).toEqual({
    entry,
    v: 1,
    id: 'a',
    run: 1,
    state: 'delivered',
    reason: 'sent',
    at: 1767225600000,
    attempts: 2,
    platformMessageId: '42',
    meta: { campaign: 'spring' },
  });
  expect(b).toMatchObject({ id: 'b', state: 'suppressed', reason: 'quota', attempts: 0 });
  expect(Object.keys(b!)).not.toContain('meta');
});

it('pages from an entry on, at most count at a time', async () => {
  for (const id of ['a', 'b', 'c', 'd']) await write(id);
  const [first, second] = await readReceipts(redis, CHANNEL, { count: 2 });
  expect([first?.id, second?.id]).toEqual(['a', 'b']);
  const rest = await readReceipts(redis, CHANNEL, { from: `(${second!.entry}` });
  expect(rest.map((receipt) => receipt.id)).toEqual(['c', 'd']);
});

it('iterates over a range across pages, each entry once', async () => {
  const entries = [];
  for (let i = 0; i < 25; i++) entries.push(await write(`m${i}`));
  const all = Array.from({ length: 25 }, (_, i) => `m${i}`);
  expect(await collect({ pageSize: 10 })).toEqual(all);
  expect(await collect({ pageSize: 5 })).toEqual(all);
  expect(await collect({ from: entries[3]!, to: entries[14]!, pageSize: 4 })).toEqual(all.slice(3, 15));
});

it('steps over entries that are no receipts', async () => {
  await write('a');
  await redis.xadd(channelKeys(CHANNEL).receipts, '*', 'hello', 'world');
  await write('odd', { state: 'flying' });
  await write('b', { meta: 'no json' });
  expect(await collect({ pageSize: 1 })).toEqual(['a', 'b']);
});

it.each(['', 'soon', '-1', '1e17'])('takes the instant of its entry where one says %j', async (at) => {
  const entry = await write('a', { at });
  const [receipt] = await readReceipts(redis, CHANNEL);
  expect(receipt).toMatchObject({ entry, id: 'a', at: Number.parseInt(entry!, 10) });
});

it('takes the last instant there is where its entry is later', async () => {
  const fields = ['id', 'a', 'state', 'delivered', 'at', '1e17'];
  await redis.xadd(channelKeys(CHANNEL).receipts, '9999999999999999-0', ...fields);
  const [receipt] = await readReceipts(redis, CHANNEL);
  expect(new Date(receipt!.at).toISOString()).toBe('+275760-09-13T00:00:00.000Z');
});

it('finds nothing where nothing was written', async () => {
  expect(await readReceipts(redis, 'elsewhere')).toEqual([]);
});
