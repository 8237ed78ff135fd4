import { Redis } from 'ioredis';
import { describe, expect } from 'vitest';
import { startRedis } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { type FaultyProxy, openFaultyProxy } from '../../testing/faulty-proxy.ts';
import { CHANNEL, type Environment, it } from '../support/environment.ts';

/** A platform that takes whatever it gets: what the store forgot, a player gets twice. */
const LENIENT = { sandbox: { kongregate: { dayMs: 1 } } };
const PLAYERS = Array.from({ length: 20 }, (_, i) => Math.floor(i / 5) * 10 + (i % 5) + 1);

const sendAll = async (env: Environment): Promise<void> => {
  for (const player of PLAYERS) await env.send(player);
};

/** Every player got one, and a second message to each of them is refused by the ledger. */
async function oneEach(env: Environment, redis: Redis): Promise<void> {
  const ends = () => redis.xlen(`herald:{${CHANNEL}}:receipts`);
  await eventually('the second messages to end', ends, (count) => count >= 2 * PLAYERS.length, {
    withinMs: 20_000,
  });
  expect(env.sandbox.journal.report()).toMatchObject({
    calls: PLAYERS.length,
    accepted: PLAYERS.length,
  });
}

describe.concurrent('a store that forgets while the connection stands', () => {
  it('FLUSHALL: two workers tell it of their sends before anything is admitted', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(LENIENT);
    const workers = [await env.worker(), await env.worker()];
    await sendAll(env);
    expect(await env.settled(PLAYERS.length)).toEqual({ 'delivered/sent': PLAYERS.length });
    await env.redis.flushall();
    await sendAll(env);
    await oneEach(env, env.redis);
    for (const worker of workers) expect(worker.log()).toContain('"cause":"flushed"');
  });

  it('FLUSHALL: producers hear of the channel again, although nothing is sent', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    await env.redis.flushall();
    await eventually('the announcement', () => env.redis.hexists('herald:channels', CHANNEL), Boolean);
  });

  it('a master that was made a replica of one that lagged, and promoted again', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(LENIENT);
    const { server, redis } = env;
    const behind: FaultyProxy = await openFaultyProxy(server.port);
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${behind.port}`] });
    const client = new Redis(replica.url);
    try {
      const info = (of: Redis) => of.info('replication');
      await eventually(
        'the replica',
        () => info(client),
        (text) => text.includes('link_status:up'),
      );
      await redis.set('in', 'step');
      await eventually('all writes', () => client.get('in'), Boolean);
      const worker = await env.worker();
      behind.halfOpen();
      await sendAll(env);
      expect(await env.settled(PLAYERS.length)).toEqual({ 'delivered/sent': PLAYERS.length });
      await client.replicaof('NO', 'ONE');
      await redis.replicaof('127.0.0.1', replica.port);
      await eventually(
        'the demoted one to follow',
        () => info(redis),
        (text) => /link_status:up[\s\S]*master_sync_in_progress:0/.test(text),
      );
      expect(await redis.xlen(`herald:{${CHANNEL}}:receipts`)).toBe(0);
      await redis.replicaof('NO', 'ONE');
      await sendAll(env);
      await oneEach(env, redis);
      expect(worker.log()).toContain('"cause":"failover"');
    } finally {
      client.disconnect();
      await behind.close();
      await replica.stop();
    }
  });
});
