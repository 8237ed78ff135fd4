import { Cluster } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { createProducer } from '../../src/app.ts';
import type { Producer } from '../../src/producer/producer.ts';
import { connectFollower } from '../../src/redis/connections.ts';
import { hashSlot } from '../../src/redis/hash-slot.ts';
import { CHANNELS_KEY, channelKey } from '../../src/redis/keys.ts';
import type { ClusterNode } from '../../testing/cluster-node.ts';
import { openPlaced, type PlacedEnvironment } from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';
import { buildLocalWorker, type LocalWorker } from '../../testing/local-worker.ts';
import { tallyOf } from '../../testing/metrics-parser.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';

/** One worker whose three channels are on three masters: what becomes of one master is its channel's affair. */

const DAY_MS = 86_400_000;
const KONGREGATE = { platform: 'kongregate', rate: false, eligibility: false, retry: { base: '50ms' } };

/** Names whose hash slots are in the first, the second and the last third. */
const CHANNELS = [0, 1, 2].map((third) => {
  for (let n = 0; ; n += 1) {
    const name = `game-${n}`;
    if (Math.floor((3 * hashSlot(channelKey(name))) / 16_384) === third) return name;
  }
}) as [string, string, string];

let cluster: RedisCluster;
let env: PlacedEnvironment;
let worker: LocalWorker;
let producer: Producer<never>;
let player = 0;

beforeAll(async () => {
  cluster = await startCluster();
  const address = { cluster: cluster.urls };
  env = await openPlaced(
    {
      channels: (baseUrl) =>
        Object.fromEntries(
          CHANNELS.map((name, i) => [
            name,
            { ...KONGREGATE, baseUrl: `${baseUrl}/kongregate/api`, apiKey: `key-${i}` },
          ]),
        ),
      sandbox: { kongregate: { dayMs: DAY_MS, apiKeys: ['key-0', 'key-1', 'key-2'] } },
      config: { http: false, drainTimeout: '1s', logLevel: 'info' },
    },
    async () => {
      const { stores } = connectFollower(address);
      return { address, stores, close: async () => stores.disconnect() };
    },
  );
  producer = createProducer({ redis: address, timeout: '12s' }) as never;
  worker = env.build();
  await worker.start();
});
afterAll(async () => {
  await producer?.close();
  await env?.close();
  await cluster?.close();
});
beforeEach(() => cluster.whole());

async function send(channel: string): Promise<string> {
  player += 1;
  const message = { platform: 'kongregate', channel, to: { userId: 10 * player + 1 }, content: 'Hello' };
  return (await producer.send(message as never)).id;
}

const delivered = (channel: string, id: string): Promise<unknown> =>
  eventually(`${id} to be delivered`, async () =>
    (await env.receipts(channel)).some((receipt) => receipt.id === id && receipt.state === 'delivered'),
  );

async function deliver(channel: string): Promise<void> {
  await delivered(channel, await send(channel));
}

const linesOf = (text: string): string[] =>
  worker
    .log()
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => JSON.parse(line).channel);

it('serves channels on three masters', async () => {
  const masters = await Promise.all(CHANNELS.map((name) => cluster.masterOf(channelKey(name))));
  expect(new Set(masters).size).toBe(3);
  await Promise.all(CHANNELS.map(deliver));
});

it.each<[string, (node: ClusterNode) => Promise<void>, (node: ClusterNode) => Promise<void>, number]>([
  ['killed', (node) => node.kill(), (node) => node.restart(), 0],
  ['frozen', (node) => node.freeze(), (node) => node.thaw(), 1],
])(
  'delivers on the others while a master is %s, and on its channel after the failover',
  async (_, fell, rise, n) => {
    const hit = CHANNELS[n]!;
    const others = CHANNELS.filter((name) => name !== hit);
    await Promise.all(CHANNELS.map(deliver));
    const restored = linesOf('restored').length;
    const master = await cluster.masterOf(channelKey(hit));
    await fell(master);
    onTestFinished(() => rise(master));
    const caught = send(hit);
    await Promise.all(others.map(deliver));
    await cluster.failedOver(channelKey(hit), master);
    await delivered(hit, await caught);
    await deliver(hit);
    expect(new Set(linesOf('restored').slice(restored))).toEqual(new Set([hit]));
  },
);

it('delivers each message once while the slot of its channel is moved', async () => {
  const [channel] = CHANNELS;
  const before = tallyOf(await env.receipts(channel))['delivered/sent'] ?? 0;
  const from = await cluster.masterOf(channelKey(channel));
  const to = (await cluster.masters()).find((node) => node !== from)!;
  const first = Array.from({ length: 40 }, () => send(channel));
  const move = await cluster.beginMove(channelKey(channel), to);
  await move.keys(5);
  const then = Array.from({ length: 40 }, () => send(channel));
  await move.finish();
  await Promise.all([...first, ...then]);
  await deliver(channel);
  const receipts = await eventually(
    '81 more receipts',
    () => env.receipts(channel),
    (all) => all.length >= before + 81,
  );
  expect(tallyOf(receipts)).toEqual({ 'delivered/sent': before + 81 });
  const accepted = env.sandbox.journal.calls().filter(({ result }) => result === 'accepted');
  expect(new Set(accepted.map(({ recipient }) => recipient)).size).toBe(accepted.length);
});

it.each<[string, (master: ClusterNode) => Promise<unknown>]>([
  ['emptied', async () => {}],
  ['failed over to a replica without them', failOver],
])('announces all channels and renews their accounts in a directory that was %s', async (_, change) => {
  const master = await cluster.masterOf(CHANNELS_KEY);
  const keys = await directoryKeys(master);
  expect(accountsAmong(keys)).toHaveLength(CHANNELS.length);
  await master.redis.del(...keys);
  await change(master);
  const now = await cluster.masterOf(CHANNELS_KEY);
  await eventually(
    'the channels to be announced',
    async () => (await now.redis.hkeys(CHANNELS_KEY)).toSorted(),
    (names) => names.join() === CHANNELS.toSorted().join(),
  );
  expect(accountsAmong(await directoryKeys(now))).toEqual(accountsAmong(keys));
});

const directoryKeys = ({ redis }: ClusterNode): Promise<string[]> => redis.keys('*herald:channels*');
const accountsAmong = (keys: readonly string[]): string[] =>
  keys.filter((key) => key.includes(':account:')).toSorted();

async function failOver(master: ClusterNode): Promise<void> {
  const [replica] = await cluster.replicasOf(master);
  await cluster.promote(replica!);
}

/** A worker of some of the channels, as a user of Redis that nobody else is. */
async function buildAs(user: string, names: readonly string[], ...rules: string[]): Promise<LocalWorker> {
  for (const { redis } of cluster.nodes)
    await redis.call('ACL', 'SETUSER', user, 'on', '>secret', '+@all', ...rules);
  const urls = cluster.urls.map((url) => url.replace('//', `//${user}:secret@`));
  const { channels } = env.config() as { channels: Record<string, unknown> };
  const own = buildLocalWorker({
    ...{ redis: { cluster: urls }, http: false, drainTimeout: '1s' },
    channels: Object.fromEntries(names.map((name) => [name, channels[name]])),
  });
  onTestFinished(async () => void (await own.close()));
  return own;
}

it('starts for no user who may not use the keys of the directory', async () => {
  const narrow = await buildAs('narrow', CHANNELS, ...CHANNELS.map((name) => `~herald:{${name}}*`));
  await expect(narrow.start()).rejects.toMatchObject({ code: 'HERALD_REDIS_PERMISSION' });
});

it('opens two connections for the directory, three a channel, and one for each other channel', async () => {
  const counted = await buildAs('counted', CHANNELS.slice(0, 2), '~*', '&*');
  await counted.start();
  const connections = async (): Promise<number> => {
    const lists = await Promise.all(cluster.nodes.map(({ redis }) => redis.client('LIST')));
    return lists.join('\n').split(' user=counted ').length - 1;
  };
  await eventually('nine connections', connections, (count) => count === 2 + 2 * 3 + 1);
});

it('takes a Cluster of ioredis in place of the addresses', async () => {
  const nodes = new Cluster(
    cluster.nodes.map(({ server }) => ({ host: '127.0.0.1', port: server.port })),
    { lazyConnect: true },
  );
  const other = createProducer({ redis: nodes });
  const { id } = await other.send({
    ...{ platform: 'kongregate', channel: CHANNELS[2], to: { userId: 9_991 }, content: 'Hello' },
  });
  await delivered(CHANNELS[2], id);
  await other.close();
  expect(nodes.status).toBe('wait');
  nodes.disconnect();
});
