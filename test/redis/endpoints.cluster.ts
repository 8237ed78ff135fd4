import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import type { RedisAddress } from '../../src/redis/address.ts';
import { connectOperator } from '../../src/redis/connections.ts';
import { hashSlot } from '../../src/redis/hash-slot.ts';
import { channelKey } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';

/** Nodes that tell clients something else than the addresses by which these reach them. */

/** A channel in each third of the slots. */
const CHANNELS = [0, 1, 2].map((third) => {
  for (let n = 0; ; n += 1) {
    const name = `game-${n}`;
    if (Math.floor((3 * hashSlot(channelKey(name))) / 16_384) === third) return name;
  }
});

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
});
afterAll(() => cluster?.close());
beforeEach(() => cluster.whole());

/** @param hostname of each node; none when empty */
async function announce(type: string, hostname: (number: number) => string = () => ''): Promise<void> {
  for (const { redis, number } of cluster.nodes) {
    await redis.config('SET', 'cluster-announce-hostname', hostname(number));
    await redis.config('SET', 'cluster-preferred-endpoint-type', type);
  }
  const names = cluster.nodes.map(({ number }) => hostname(number)).filter(Boolean);
  if (names.length === 0) return;
  await eventually('all nodes to know the names of all', async () => {
    const told = await Promise.all(cluster.nodes.map(({ redis }) => redis.cluster('SLOTS')));
    return told.flat().every(([, , master]) => names.includes(String(master?.[0])));
  });
}

/** Reaches the channels of all masters by one node, and follows a slot that moves. */
async function reachesAll(more: { natMap?: Record<string, string> } = {}): Promise<string[]> {
  const address: RedisAddress = { cluster: cluster.urls.slice(0, 1), ...more };
  const stores = await connectOperator(address);
  onTestFinished(() => stores.disconnect());
  const written = CHANNELS.map(
    async (name) => await stores.of(name as string).redis.set(channelKey(name as string), 'x'),
  );
  expect(await Promise.all(written)).toEqual(['OK', 'OK', 'OK']);
  const [moved] = CHANNELS as [string];
  const key = channelKey(moved);
  const from = await cluster.masterOf(key);
  await cluster.moveSlot(key, (await cluster.masters()).find((node) => node !== from)!);
  await eventually('the way to its new master', () => stores.of(moved).redis.set(key, 'y'));
  return CHANNELS.map((name) => String(stores.of(name as string).redis.options.host));
}

it('reaches nodes by the hostnames that they announce', async () => {
  await announce('hostname', () => 'localhost');
  expect(await reachesAll()).toEqual(['localhost', 'localhost', 'localhost']);
});

it('reaches nodes without a name, and those whose endpoint is unknown, as the node that was asked', async () => {
  await announce('unknown-endpoint');
  expect(await reachesAll()).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
});

it('reaches nodes behind NAT by the addresses that are configured for them', async () => {
  const nameOf = (number: number): string => `node-${number}.cluster.invalid`;
  await announce('hostname', nameOf);
  const natMap = Object.fromEntries(
    cluster.nodes.map(({ number, server }) => [
      `${nameOf(number)}:${server.port}`,
      `127.0.0.1:${server.port}`,
    ]),
  );
  expect(await reachesAll({ natMap })).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
});
