import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createAdmin, createProducer } from '../../src/app.ts';
import type { RedisAddress } from '../../src/redis/address.ts';
import { connectFollower } from '../../src/redis/connections.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/index.ts';
import { openPlaced, type PlacedEnvironment } from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';
import type { LocalWorker } from '../../testing/local-worker.ts';
import { tallyOf } from '../../testing/metrics-parser.ts';
import { MASTER_GROUP, type Sentinel, startSentinel } from '../../testing/own-sentinel.ts';
import { diagnose } from '../support/diagnose.ts';

/** A master and a replica behind three Sentinels, which make real failovers. */

const CHANNEL = 'kongregate';
const REPLICA_USER = 'replica';
/** A platform that takes whatever it gets: what the store forgot, a player gets twice. */
const LENIENT = { kongregate: { dayMs: 1 } };

interface Server {
  server: RedisServer;
  /** For looking, past the Sentinels. */
  redis: Redis;
}

const servers: Server[] = [];
const sentinels: Sentinel[] = [];
let address: RedisAddress;
let env: PlacedEnvironment;
let worker: LocalWorker;
let producer: ReturnType<typeof createProducer>;
let admin: ReturnType<typeof createAdmin>;
let player = 0;

beforeAll(async () => {
  for (let n = 0; n < 2; n += 1) servers.push(await startServer());
  const [master, replica] = servers as [Server, Server];
  await replica.redis.replicaof('127.0.0.1', master.server.port);
  // Sentinels learn of a replica as they start, and again only after ten seconds.
  await inStep(replica);
  for (let n = 0; n < 3; n += 1)
    sentinels.push(await startSentinel({ master: master.server.port, quorum: 2, downAfterMs: 1_000 }));
  await Promise.all(sentinels.map(whole));
  address = { sentinels: sentinels.map(({ url }) => url), name: MASTER_GROUP };
  env = await openPlaced(
    {
      channels: { [CHANNEL]: { rate: false, eligibility: false, retry: { base: '20ms', cap: '50ms' } } },
      sandbox: LENIENT,
      config: { http: false, drainTimeout: '1s', logLevel: 'info' },
    },
    async () => {
      const { stores } = connectFollower(address);
      return { address, stores, close: async () => stores.disconnect() };
    },
  );
  producer = createProducer({ redis: address, channels: [CHANNEL], timeout: '20s' });
  admin = createAdmin({ redis: address });
  worker = env.build();
  await worker.start();
});
afterAll(async () => {
  await admin?.close();
  await producer?.close();
  await env?.close();
  await Promise.all(sentinels.map((sentinel) => sentinel.close()));
  for (const { server, redis } of servers) {
    redis.disconnect();
    await server.stop();
  }
});

/** Replicas log in as a user of their own, so that a master can keep them away. */
async function startServer(): Promise<Server> {
  const server = await startRedis({
    appendonly: true,
    args: [
      ...['--user', REPLICA_USER, 'on', '>copies', '+psync', '+replconf', '+ping'],
      ...['--masteruser', REPLICA_USER, '--masterauth', 'copies', '--repl-diskless-sync-delay', '0'],
    ],
  });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => {}); // It is killed by those who look.
  return { server, redis };
}

const roleOf = async ({ redis }: Server): Promise<string | undefined> =>
  /^role:(\w+)/m.exec(await redis.info('replication'))?.[1];

const inStep = ({ redis }: Server): Promise<unknown> =>
  eventually('a replica in step', async () =>
    /^master_link_status:up/m.test(await redis.info('replication')),
  );

/** It knows the replica and both of the others, and sees all of them well. */
const whole = ({ redis }: Sentinel): Promise<unknown> =>
  eventually('a Sentinel to know all servers', async () => {
    const lists = await Promise.all(
      ['MASTERS', 'REPLICAS', 'SENTINELS'].map((what) =>
        redis.call('SENTINEL', what, ...(what === 'MASTERS' ? [] : [MASTER_GROUP])),
      ),
    );
    const [masters = [], replicas = [], others = []] = lists as string[][][];
    return (
      replicas.length === 1 &&
      others.length === 2 &&
      !/_down|disconnected/.test(String([masters, replicas, others]))
    );
  });

async function send(userId: number): Promise<string> {
  const message = { platform: 'kongregate' as const, to: { userId }, content: 'Hello' };
  return (await producer.send(message)).id;
}

/** Ids that the sandbox takes: of those that end on 1 to 5. */
const nextPlayer = (): number => {
  player += 1;
  return Math.floor(player / 5) * 10 + (player % 5) + 1;
};

async function masterNow(): Promise<Server> {
  const [host, port] = (await sentinels[0]!.redis.call(
    'SENTINEL',
    'GET-MASTER-ADDR-BY-NAME',
    MASTER_GROUP,
  )) as [string, string];
  expect(host).toBe('127.0.0.1');
  return servers.find(({ server }) => `${server.port}` === port)!;
}

/** Kills the master, and waits for the other to take its place. */
async function failOver(): Promise<void> {
  const old = await masterNow();
  await old.server.kill();
  const [next] = servers.filter((each) => each !== old) as [Server];
  onTestFinished(async () => {
    await old.server.restart();
    // By itself, a Sentinel would do so only after eight seconds.
    await old.redis.replicaof('127.0.0.1', next.server.port);
    await inStep(old);
    await Promise.all(sentinels.map(whole));
  });
  const promoted = async () => (await masterNow()) === next && (await roleOf(next)) === 'master';
  await eventually('a failover', promoted);
}

/** From now on the replica gets nothing. @returns what lets it follow again */
async function cutReplication({ redis }: Server): Promise<void> {
  await redis.call('ACL', 'SETUSER', REPLICA_USER, 'off');
  await redis.call('CLIENT', 'KILL', 'TYPE', 'replica');
  await eventually('the replica to be gone', async () =>
    /^connected_slaves:0/m.test(await redis.info('replication')),
  );
}

const ended = (count: number) =>
  eventually(
    `${count} receipts`,
    () => env.receipts(CHANNEL),
    (all) => all.length >= count,
  );

const acceptedAt = (): unknown[] =>
  env.sandbox.journal
    .calls()
    .filter(({ result }) => result === 'accepted')
    .map(({ recipient }) => recipient);

it('delivers each message once while its master is killed', async () => {
  const players = Array.from({ length: 400 }, nextPlayer);
  const left = players.values();
  const ids: string[] = [];
  const load = Array.from({ length: 8 }, async () => {
    for (const player of left) ids.push(await send(player));
  });
  await ended(100);
  await failOver();
  await Promise.all(load);
  const receipts = await ended(players.length);
  expect(tallyOf(receipts)).toEqual({ 'delivered/sent': players.length });
  expect(receipts.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(acceptedAt().length).toBe(players.length);
  expect(new Set(acceptedAt()).size).toBe(players.length);
});

it('sends nobody a second message after a failover to a replica that lacks the last sends', async () => {
  const before = await env.receipts(CHANNEL);
  const sent = acceptedAt().length;
  const players = Array.from({ length: 20 }, nextPlayer);
  await cutReplication(await masterNow());
  await Promise.all(players.map(send));
  await ended(before.length + players.length);
  await failOver();
  const again = await Promise.all(players.map(send));
  const ends = await eventually(
    'the second messages to end',
    async () => (await env.receipts(CHANNEL)).filter(({ id }) => again.includes(id)),
    (all) => all.length === again.length,
  );
  expect(tallyOf(ends)).toEqual({ 'suppressed/quota': players.length });
  expect(acceptedAt()).toHaveLength(sent + players.length);
  expect(worker.log()).toMatch(/"cause":"failover".*"restored":/);
});

it('is asked and examined by the master of this moment', async () => {
  await send(nextPlayer());
  expect(await admin.status()).toMatchObject([{ channel: CHANNEL, workers: [{}] }]);
  const { port } = (await masterNow()).server;
  const checks = await diagnose(address);
  expect(checks.find(({ name }) => name === 'redis')?.text).toBe(
    `answers at 127.0.0.1:${port}, the master ${MASTER_GROUP} of Sentinel.`,
  );
  expect(checks.filter(({ name }) => name === 'writes')).toMatchObject([{ level: 'ok' }]);
});
