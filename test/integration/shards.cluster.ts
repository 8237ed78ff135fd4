import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Admin } from '../../src/admin/admin.ts';
import { createAdmin, createProducer } from '../../src/app.ts';
import { followReceipts } from '../../src/receipts/follow.ts';
import { connectFollower } from '../../src/redis/connections.ts';
import { queueName } from '../../src/redis/keys.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { openPlaced, type PlacedEnvironment } from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';
import { tallyOfMetrics } from '../../testing/metrics-parser.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';

/** One channel over the masters of a cluster. */

const CHANNEL = 'kongregate';
const SHARDS = 8;
const PLAYERS = Array.from({ length: 80 }, (_, i) => 1_001 + 10 * i);
const CHANNELS = {
  [CHANNEL]: { shards: SHARDS, rate: { max: 200, per: '1s' }, quota: { per: '366d' }, concurrency: 20 },
};

let cluster: RedisCluster;
let env: PlacedEnvironment;

beforeAll(async () => {
  cluster = await startCluster();
  const address = { cluster: cluster.urls };
  env = await openPlaced(
    {
      channels: CHANNELS,
      sandbox: { kongregate: { dayMs: 366 * 86_400_000 } },
      config: { http: false, drainTimeout: '2s', logLevel: 'debug' },
    },
    async () => {
      const { stores } = connectFollower(address);
      return { address, stores, close: async () => stores.disconnect() };
    },
  );
});
afterAll(async () => {
  await env.close();
  await cluster.close();
});

const messagesTo = (players: readonly number[]) =>
  players.map((userId) => ({ platform: 'kongregate' as const, to: { userId }, content: 'Hello' }));

it('lies on all masters, sends one a player, and is one channel to its operator', async () => {
  const masters = await Promise.all(
    storeNames(CHANNEL, SHARDS).map(async (name) => (await cluster.masterOf(queueName(name))).url),
  );
  expect(new Set(masters).size).toBe(3);
  const workers = [env.build(), env.build()];
  await Promise.all(workers.map((worker) => worker.start()));
  const { address } = env.place;
  const producer = createProducer({ redis: address });
  const admin = createAdmin({ redis: address });
  const stop = new AbortController();
  const told: string[] = [];
  const following = (async () => {
    const options = { redis: address, channels: CHANNEL, from: 'start', signal: stop.signal } as const;
    for await (const { state, reason } of followReceipts(options)) told.push(`${state}/${reason}`);
  })();
  try {
    await admin.channels.pause(CHANNEL);
    expect(await producer.sendMany(messagesTo([...PLAYERS, ...PLAYERS]))).toMatchObject({ queued: 160 });
    expect(env.sandbox.journal.report().calls).toBe(0);
    await admin.channels.resume(CHANNEL);
    await eventually(
      '160 receipts',
      () => told.length,
      (count) => count === 160,
    );
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 80, calls: 80 });
    const tally = { 'delivered/sent': 80, 'suppressed/quota': 80 };
    expect(tallyOfMetrics(await Promise.all(workers.map((worker) => worker.metrics())))).toEqual(tally);
    const [status] = await admin.status();
    expect(status).toMatchObject({ channel: CHANNEL, queue: { ready: 0, active: 0 }, stopped: null });
    expect(status?.workers).toHaveLength(2);
  } finally {
    stop.abort();
    await following;
    await producer.close();
    await admin.close();
  }
});

it('goes on while the masters of its home and of a shard are changed', async () => {
  const others = Array.from({ length: 300 }, (_, i) => 11_001 + 10 * i);
  const producer = createProducer({ redis: env.place.address, timeoutMs: 60_000 });
  const before = env.sandbox.journal.report().accepted;
  const accepted = () => env.sandbox.journal.report().accepted - before;
  try {
    const sending = producer.sendMany(messagesTo(others));
    await eventually('some of them', accepted, (count) => count > 20);
    for (const name of [CHANNEL, `${CHANNEL}/3`]) {
      const slot = queueName(name);
      const [replica] = await cluster.replicasOf(await cluster.masterOf(slot));
      await cluster.promote(replica!);
    }
    expect(await sending).toMatchObject({ queued: 300 });
    await eventually('all of them', accepted, (count) => count >= 300, { withinMs: 60_000 });
    await eventually(
      'nothing to be left',
      async () => (await operated((admin) => admin.status()))[0]!.queue,
      ({ ready, active, waiting_slot }) => ready === 0 && active === 0 && waiting_slot === 0,
    );
    expect(env.sandbox.journal.report()).toMatchObject({ acceptedMoreThanOnce: 0 });
    expect(accepted()).toBe(300);
  } finally {
    await producer.close();
  }
});

async function operated<T>(act: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createAdmin({ redis: env.place.address });
  try {
    return await act(admin);
  } finally {
    await admin.close();
  }
}
