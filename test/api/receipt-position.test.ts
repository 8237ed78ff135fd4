import { beforeAll, describe, expect, it } from 'vitest';
import { fromPosition, toPosition } from '../../src/api/receipt-position.ts';
import { announceChannels } from '../../src/channels/registry.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { isCursor } from '../../src/receipts/cursor.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { MAX_SHARDS, storeNames } from '../../src/redis/shards.ts';
import { apiFixture } from './api-fixture.ts';

const api = apiFixture();

const NAMES = ['kongregate-de', 'kongregate-en', 'kongregate-fr', 'kongregate-pt'];
const stores = NAMES.flatMap((name) => storeNames(name, MAX_SHARDS));

/** Instants and numbers that have nothing in common. */
const cursorOf = (count: number): string =>
  Array.from({ length: count }, (_, i) => {
    const [at, number] = [
      1_767_225_600_000 + ((i * 48_271_999) % 2_592_000_000),
      (i * 69_621_337) % 9_999_991,
    ];
    return `${NAMES[i % NAMES.length]}/${Math.floor(i / NAMES.length)}=${at}-0<${number}`;
  }).join('&');

describe('the position of a follower', () => {
  beforeAll(async () => {
    const channels = Object.fromEntries(
      NAMES.map((name) => [name, { platform: 'kongregate', apiKey: name, shards: MAX_SHARDS }]),
    );
    const options = { platforms, env: {}, secrets: 'skip' as const, readFile: () => '' };
    await announceChannels(api.redis, parseConfig({ channels }, options).channels);
  });

  it('is understood, however many stores the channels have', async () => {
    const batch = api.redis.pipeline();
    const fields = ['v', '1', 'run', '1', 'state', 'delivered', 'reason', 'sent', 'at', '1', 'attempts', '1'];
    for (const store of stores) batch.xadd(channelKeys(store).receipts, '*', 'id', store, ...fields);
    await batch.exec();
    const first = await api.ask(`/v1/receipts?after=start&limit=${stores.length}`);
    expect(first.body.receipts).toHaveLength(stores.length);
    expect(first.body.next.length).toBeLessThan(6_000);
    await api.redis.xadd(channelKeys(stores[7]!).receipts, '*', 'id', 'later', ...fields);
    const { status, body } = await api.ask(`/v1/receipts?after=${first.body.next}`);
    expect([status, body.receipts]).toMatchObject([200, [{ id: 'later' }]]);
  });

  it('fits a request with 700 stores that have nothing in common', () => {
    const cursor = cursorOf(700);
    expect(isCursor(cursor)).toBe(true);
    const position = toPosition(cursor);
    expect(position.length).toBeLessThan(15_000);
    expect(fromPosition(position)).toBe(cursor);
  });

  it('that was stored before positions were deflated is understood', () => {
    const cursor = cursorOf(200);
    expect(fromPosition(Buffer.from(cursor).toString('base64url'))).toBe(cursor);
  });

  it.each(['.', '.AAAA', `.${'x'.repeat(100)}`, `.${Buffer.from(cursorOf(3)).toString('base64url')}`])(
    'is not %j',
    (text) => {
      expect(() => fromPosition(text)).toThrow(/after: expected/);
    },
  );
});
