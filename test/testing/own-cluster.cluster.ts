import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';

/** What the tests of everything else rely on: the cluster really does what it is asked to. */

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ proxied: true });
});
afterAll(() => cluster.close());

const KEY = 'held:{some}:key';
const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => `held:{some}:${i}`);

async function elsewhere() {
  const master = await cluster.masterOf(KEY);
  const [other] = (await cluster.masters()).filter((node) => node !== master);
  return { master, other: other! };
}

it('has three masters with a replica each, and all slots', async () => {
  const masters = await cluster.masters();
  expect(masters).toHaveLength(3);
  for (const master of masters) expect(await cluster.replicasOf(master)).toHaveLength(1);
  expect(String(await masters[0]?.redis.cluster('INFO'))).toContain('cluster_slots_ok:16384');
});

it('announces the proxies', async () => {
  const [{ redis }] = cluster.nodes as [RedisCluster['nodes'][number]];
  const ports = cluster.nodes.map(({ proxy }) => `${proxy?.port}`);
  // A node names a replica to clients only once it has heard how far that one has come.
  await eventually('all of them to be named', async () => {
    const announced = JSON.stringify(await redis.cluster('SLOTS'));
    return ports.every((port) => announced.includes(port));
  });
});

it('moves a slot with all of its keys', async () => {
  const { master, other } = await elsewhere();
  for (const key of keys(250)) await master.redis.set(key, 'kept');
  expect(await cluster.moveSlot(KEY, other)).toBe(250);
  expect(await cluster.masterOf(KEY)).toBe(other);
  expect(await other.redis.mget(...keys(250))).toEqual(keys(250).map(() => 'kept'));
  await expect(master.redis.get(KEY)).rejects.toThrow(/^MOVED/);
});

it('stops in the middle of a move, where the source asks and the keys of both sides are refused', async () => {
  const { master, other } = await elsewhere();
  const move = await cluster.beginMove(KEY, other);
  expect(await move.keys(10)).toBe(10);
  const here: string[] = await master.redis.cluster('GETKEYSINSLOT', move.slot, 1);
  const gone = keys(250).filter((key) => !here.includes(key));
  await expect(master.redis.get(KEY)).rejects.toThrow(/^ASK/);
  await expect(master.redis.mget(KEY, ...here, ...gone)).rejects.toThrow(/^TRYAGAIN/);
  await move.abandon();
  expect(await cluster.masterOf(KEY)).toBe(master);
  expect(await master.redis.mget(...keys(250))).toEqual(keys(250).map(() => 'kept'));
});

it('promotes a replica that is in step', async () => {
  const { master } = await elsewhere();
  const [replica] = await cluster.replicasOf(master);
  await cluster.promote(replica!);
  expect(await cluster.masterOf(KEY)).toBe(replica);
  expect(await cluster.replicasOf(replica!)).toEqual([master]);
});

it('fails over from a killed master, and takes it back as a replica', async () => {
  const { master } = await elsewhere();
  await master.kill();
  const next = await cluster.failedOver(KEY, master);
  expect(await next.redis.get(keys(1)[0]!)).toBe('kept');
  await master.restart();
  await cluster.whole();
  expect(await cluster.replicasOf(next)).toEqual([master]);
});

it('fails over from a frozen master, which learns of it once it thaws', async () => {
  const { master } = await elsewhere();
  await master.freeze();
  const next = await cluster.failedOver(KEY, master);
  await master.thaw();
  await cluster.whole();
  expect(await cluster.replicasOf(next)).toEqual([master]);
});

it('lets a replica lag behind a link that carries nothing', async () => {
  const { master } = await elsewhere();
  const [replica] = await cluster.replicasOf(master);
  master.proxy?.halfOpen();
  await master.redis.set(KEY, 'unheard');
  await replica!.redis.readonly();
  expect(await replica!.redis.get(KEY)).toBeNull();
  master.proxy?.cut();
  await eventually('the replica to catch up', async () => (await replica!.redis.get(KEY)) === 'unheard');
  await replica!.redis.readwrite();
});
