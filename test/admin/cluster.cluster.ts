import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAdmin, createProducer } from '../../src/app.ts';
import type { Check } from '../../src/check.ts';
import { followReceipts } from '../../src/receipts/follow.ts';
import type { RedisAddress } from '../../src/redis/address.ts';
import { connectFollower } from '../../src/redis/connections.ts';
import { openPlaced, type PlacedEnvironment } from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';
import { diagnose } from '../support/diagnose.ts';

/** What operators and programs do, on a cluster whose nodes want a login, with channels of one platform on several masters. */

const CHANNELS = ['game-0', 'game-1', 'game-2', 'game-3'];
const FIELDS = { platform: 'kongregate', rate: false, retry: { attempts: 2, base: '20ms', cap: '20ms' } };
const LOGIN = 'herald:s3cret%2F';

let cluster: RedisCluster;
let address: RedisAddress;
let env: PlacedEnvironment;
let producer: ReturnType<typeof createProducer>;
let admin: ReturnType<typeof createAdmin>;

beforeAll(async () => {
  cluster = await startCluster();
  for (const { redis } of cluster.nodes)
    await redis.call(
      'ACL',
      'SETUSER',
      'herald',
      'on',
      '>s3cret/',
      '~herald:*',
      '&*',
      '+@all',
      '-@admin',
      '+info',
    );
  // The others are found by what these two say.
  address = { cluster: cluster.urls.slice(0, 2).map((url) => url.replace('//', `//${LOGIN}@`)) };
  env = await openPlaced(
    {
      channels: (url) =>
        Object.fromEntries(
          CHANNELS.map((name, i) => [
            name,
            { ...FIELDS, baseUrl: `${url}/kongregate/api`, apiKey: `key-${i}` },
          ]),
        ),
      sandbox: { kongregate: { apiKeys: CHANNELS.map((_, i) => `key-${i}`) } },
      config: { http: false, drainTimeout: '1s' },
    },
    async () => {
      const { stores } = connectFollower(address);
      return { address, stores, close: async () => stores.disconnect() };
    },
  );
  producer = createProducer({ redis: address });
  admin = createAdmin({ redis: address });
  await env.build().start();
});
afterAll(async () => {
  await admin?.close();
  await producer?.close();
  await env?.close();
  await cluster?.close();
});

const message = (channel: string, userId: number, more: object = {}) => ({
  ...{ platform: 'kongregate' as const, channel, to: { userId }, content: 'Hello' },
  ...more,
});

const ended = (count: number, channel: string) =>
  eventually(
    `${count} receipts of ${channel}`,
    () => env.receipts(channel),
    (all) => all.length >= count,
  );

it('sends by one call to channels on all masters, and receipts are followed in one stream', async () => {
  const stop = new AbortController();
  const following = followReceipts({
    redis: address,
    channels: CHANNELS,
    from: 'start',
    signal: stop.signal,
  });
  const messages = CHANNELS.flatMap((name, i) => [11, 21, 31].map((n) => message(name, 1_000 * i + n)));
  expect(await producer.sendMany(messages)).toMatchObject({ queued: 12 });
  const seen: string[] = [];
  for await (const { channel, state } of following) {
    seen.push(`${channel} ${state}`);
    if (seen.length === 12) stop.abort();
  }
  expect(seen.toSorted()).toEqual(CHANNELS.flatMap((name) => Array(3).fill(`${name} delivered`)));
});

it('records plays, cancels, reschedules and explains', async () => {
  for (const channel of CHANNELS) await producer.recordPlay({ channel, to: { userId: 41 } });
  const sendAt = new Date(Date.now() + 3_600_000);
  const [early, late] = CHANNELS as [string, string];
  await producer.send(message(early, 51, { id: 'early', sendAt }));
  await producer.send(message(late, 51, { id: 'late', sendAt }));
  expect(await producer.reschedule('early', { channel: early, sendAt: new Date() })).toMatchObject({
    status: 'rescheduled',
  });
  expect(await admin.cancel('late')).toMatchObject([{ status: 'cancelled', channel: late }]);
  await ended(4, early);
  expect(await admin.explain('early')).toMatchObject([{ channel: early, record: { state: 'delivered' } }]);
  expect(await admin.explainRecipient({ userId: 51 }, { channel: early })).toMatchObject({ channel: early });
});

it('runs a campaign', async () => {
  const [channel] = CHANNELS as [string];
  const recipients = Array.from({ length: 600 }, (_, n) => ({ to: { userId: 10_001 + 10 * n } }));
  const spec = { id: 'spring', platform: 'kongregate' as const, channel, content: 'Hello' };
  expect(await producer.campaign(spec, recipients)).toMatchObject({ listed: 600 });
  await ended(604, channel);
  expect(await admin.campaigns.show('spring')).toMatchObject([{ channel, ended: 600 }]);
});

it('keeps, lists and replays dead letters of channels on several masters', async () => {
  env.sandbox.faults.add({ kind: 'answer', status: 400, body: '{}' });
  for (const [i, name] of CHANNELS.entries())
    await producer.send(message(name, 1_000 * i + 61, { id: `dead-of-${name}` }));
  const dead = await eventually(
    'four dead letters',
    () => admin.deadLetters.list({}),
    ({ total }) => total === 4,
  );
  expect(dead.letters.map(({ channel }) => channel).toSorted()).toEqual(CHANNELS);
  env.sandbox.faults.clear();
  expect(await admin.deadLetters.replay({})).toMatchObject({ replayed: 4 });
  for (const name of CHANNELS)
    await eventually('the replayed to end', async () =>
      (await env.receipts(name)).some(({ id, run }) => id === `dead-of-${name}` && run === 2),
    );
});

it('tells the status of all channels, and who did what', async () => {
  const status = await admin.status();
  expect(status.map(({ channel, workers }) => [channel, workers.length])).toEqual(
    CHANNELS.map((name) => [name, 1]),
  );
  await admin.channels.pause('game-1');
  expect(await admin.status({ channels: ['game-1'] })).toMatchObject([{ stopped: { reason: 'paused' } }]);
  await admin.channels.resume('game-1');
  expect((await admin.acts()).acts.slice(0, 2).map(({ action }) => action)).toEqual([
    'channel.resume',
    'channel.pause',
  ]);
});

const textOf = (checks: readonly Check[], name: string): string[] =>
  checks.filter((check) => check.name === name).map(({ level, text }) => `${level}: ${text}`);

it('is examined as a whole and master by master', async () => {
  const masters = await cluster.masters();
  await masters[1]?.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  for (const { redis } of masters) await redis.config('SET', 'min-replicas-to-write', 1);
  const checks = await diagnose(address);
  expect(textOf(checks, 'cluster')).toEqual(['ok: ok, 3 masters serve all 16384 slots.']);
  expect(textOf(checks, 'eviction')).toEqual([
    expect.stringMatching(/^ok: .*:\d+, .*:\d+: noeviction\.$/),
    expect.stringMatching(/^failed: 127\.0\.0\.1:\d+: maxmemory-policy is allkeys-lru/),
  ]);
  expect(textOf(checks, 'version')).toHaveLength(1);
  expect(textOf(checks, 'writes')).toEqual(['ok: Redis takes writes.']);
  expect(textOf(checks, 'clock')).toEqual([expect.stringMatching(/^ok: this machine is/)]);
});
