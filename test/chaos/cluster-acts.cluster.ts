import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Failover } from '../../chaos/failovers.ts';
import { beginFile, EXACT_FILE } from '../../chaos/stores/append-only.ts';
import { type Canaries, startCanaries } from '../../chaos/stores/canaries.ts';
import { type ClusterState, clusterActs } from '../../chaos/stores/cluster-acts.ts';
import { clusterWay, openClusterLink } from '../../chaos/stores/cluster-ways.ts';
import { systemClock } from '../../src/clock.ts';
import { channelKey } from '../../src/redis/keys.ts';
import type { ClusterNode } from '../../testing/cluster-node.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';

/** The chaos has to know what a failover forgot, to the command: what it does not know of counts as a breach. */

const STORE = 'staff';
const TAG = `{${STORE}}`;
const ports = (): number[] => cluster.nodes.map(({ server }) => server.port);

let cluster: RedisCluster;
let canaries: Canaries;
let state: ClusterState;
const counted: string[] = [];
const away: unknown[] = [];

beforeAll(async () => {
  cluster = await startCluster({ args: EXACT_FILE });
  await Promise.all(cluster.nodes.map(beginFile));
  canaries = await startCanaries(cluster, [TAG], systemClock);
  const stores = new Map([[STORE, STORE]]);
  state = { cluster, canaries: canaries.all, clock: systemClock, stores, failovers: [] };
});
afterAll(async () => {
  canaries.stop();
  await cluster.close();
});

const acts = () =>
  clusterActs(state, {
    ...{ orders: { sendAgain: async () => 0 }, signal: new AbortController().signal },
    fleet: { recovery: { away: (...span) => void away.push(span) } },
    count: (kind) => void counted.push(kind),
    pause: elapse,
  });

it('leads each client by proxies of its own to all masters, wherever a slot is', async () => {
  const link = await openClusterLink(cluster.nodes, systemClock);
  const [mine, straight] = [link.connect(STORE), clusterWay(ports(), systemClock).connect(STORE)];
  const key = channelKey(STORE);
  try {
    await mine.set(key, 'x');
    link.halfOpen();
    const held = mine.get(key);
    expect(await straight.get(key)).toBe('x');
    link.cut();
    expect(await held).toBe('x');
    const master = await cluster.masterOf(key);
    const [other] = (await cluster.masters()).filter((node) => node !== master);
    await cluster.moveSlot(key, other!);
    await eventually('the way to its new master', () => mine.set(key, 'y'));
    expect(await cluster.masterOf(key)).toBe(other);
  } finally {
    mine.disconnect();
    straight.disconnect();
    await link.close();
  }
});

/** Sets keys at the master as long as it lasts. @returns what it acknowledged */
function writeUntil(master: ClusterNode, prefix: string): { acknowledged: string[]; stop(): Promise<void> } {
  const acknowledged: string[] = [];
  let stopped = false;
  const writing = (async () => {
    for (let number = 0; !stopped; number += 1) {
      const key = `${prefix}:${TAG}:${number}`;
      await master.redis.set(key, 'x').then(
        () => acknowledged.push(key),
        () => {},
      );
    }
  })();
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await writing;
    },
  };
}

async function missing(keys: readonly string[]): Promise<string[]> {
  const { redis } = await cluster.masterOf(TAG);
  const values = await redis.mget(...keys);
  return keys.filter((_, i) => values[i] === null);
}

/** The number by which the acts pick the canary of the store's master. */
async function numberOf(): Promise<number> {
  const master = await cluster.masterOf(TAG);
  const masters = await Promise.all(canaries.all.map(({ key }) => cluster.masterOf(key)));
  return masters.indexOf(master);
}

const last = (): Failover => state.failovers.at(-1) as Failover;
const lostKeys = (): string[] => last().writes.flatMap(([, key]) => (key === undefined ? [] : [key]));

it('knows each write that a killed master acknowledged and its lagging replica never got', async () => {
  const writing = writeUntil(await cluster.masterOf(TAG), 'killed');
  const worker = await numberOf();
  await acts().master_kill(
    { kind: 'master_kill', atMs: 0, worker, lagMs: 300, awayMs: 0 },
    undefined as never,
  );
  await writing.stop();
  await cluster.whole();
  const gone = await missing(writing.acknowledged);
  expect(gone.length).toBeGreaterThan(0);
  expect(lostKeys()).toEqual(expect.arrayContaining(gone));
  // Of those that it wrote, only the last can have been answered no more.
  expect(lostKeys().length).toBeLessThanOrEqual(gone.length + 1);
  expect(last()).toMatchObject({ of: 'killed', channels: [STORE] });
  expect(last().at - last().from).toBeGreaterThan(250);
  expect(counted).toEqual(['master killed, whose replica lagged']);
  expect(away).toHaveLength(1);
});

it('knows what a frozen master took after it had been replaced', async () => {
  const writing = writeUntil(await cluster.masterOf(TAG), 'frozen');
  const worker = await numberOf();
  await acts().master_freeze({ kind: 'master_freeze', atMs: 0, worker, forMs: 7_000 }, undefined as never);
  await writing.stop();
  const gone = await missing(writing.acknowledged);
  expect(lostKeys()).toEqual(expect.arrayContaining(gone));
  expect(last()).toMatchObject({ of: 'frozen', channels: [STORE] });
});

it('loses nothing by a master that stands still for a moment, one that is handed over, and a slot that is moved', async () => {
  const before = state.failovers.length;
  const from = await cluster.masterOf(TAG);
  const keys = Array.from({ length: 500 }, (_, i) => `moved:${TAG}:${i}`);
  for (const key of keys) await from.redis.set(key, 'x');
  const worker = await numberOf();
  const perform = acts();
  await Promise.all([
    perform.master_freeze({ kind: 'master_freeze', atMs: 0, worker, forMs: 400 }, undefined as never),
    perform.handover({ kind: 'handover', atMs: 0, worker }, undefined as never),
    perform.slot_move({ kind: 'slot_move', atMs: 0, worker: 0, forMs: 200 }, undefined as never),
  ]);
  await eventually('the slot elsewhere', async () => (await numberOf()) !== worker);
  expect(await missing(keys)).toEqual([]);
  expect(state.failovers).toHaveLength(before);
  expect(counted).toEqual(
    expect.arrayContaining(['master frozen', 'master handed over to its replica', 'keys moved with them']),
  );
});
