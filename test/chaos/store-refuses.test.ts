import { Redis } from 'ioredis';
import { describe, expect } from 'vitest';
import { createProducer } from '../../src/app.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { startRedis } from '../../src/sandbox/index.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';
import { unhurried } from '../../testing/slowness.ts';
import { type Environment, it } from '../support/environment.ts';

const MESSAGES = 30;

/** Refuses every write from the first settlement on, as a full store does, until it is let go. */
function fullWhenSettling(env: () => Environment) {
  let full = false;
  return (ledger: Ledger): Ledger => ({
    admit: (message, nonce) => ledger.admit(message, nonce),
    async settle(settlement) {
      if (!full) {
        full = true;
        await env().redis.config('SET', 'maxmemory', '1');
      }
      return await ledger.settle(settlement);
    },
  });
}

const scriptsRun = async ({ redis }: Environment): Promise<number> => {
  const stats = await redis.info('commandstats');
  return [...stats.matchAll(/cmdstat_(?:evalsha|eval):calls=(\d+)/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
};

describe.concurrent('a store that is full', () => {
  it('gets the answers that it refused when it takes them again; meanwhile nothing spins', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ channel: { onUnknown: 'keep' } });
    for (let i = 0; i < MESSAGES; i += 1) await env.send(Math.floor(i / 5) * 10 + (i % 5) + 1);
    const worker = await env.worker({ wrap: { ledger: fullWhenSettling(() => env) } });
    const unready = async () => (await fetch(`${worker.url}/readyz`)).status === 503;
    await eventually('the worker to be unready', unready);
    const [before, linesBefore] = [await scriptsRun(env), worker.log().split('\n').length];
    await elapse(5_000);
    const scripts = (await scriptsRun(env)) - before;
    expect(scripts).toBeLessThan(150);
    const told = worker.log().split('\n').slice(linesBefore);
    const repeated = told.filter((line) => line && !/"msg":"(attempt|heartbeat failed)/.test(line));
    expect(repeated).toEqual([]);
    expect(worker.log().match(/heartbeat failed/g)?.length ?? 0).toBeLessThan(2);
    await env.redis.config('SET', 'maxmemory', '0');
    // No answer was thrown away: nothing is in doubt.
    expect(await env.settled(MESSAGES, { withinMs: 25_000 })).toEqual({ 'delivered/sent': MESSAGES });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: MESSAGES, accepted: MESSAGES });
    expect(worker.log().match(/redis refuses writes/g)).toHaveLength(1);
  });

  it('is waited for by a worker that starts, and by one that closes no longer than it may', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const id = await env.send(1);
    await env.redis.config('SET', 'maxmemory', '1');
    const worker = await env.worker({ idle: true });
    const running = worker.start();
    await eventually('it to say so', () => worker.log().includes('redis refuses writes'));
    await env.redis.config('SET', 'maxmemory', '0');
    await running;
    expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
    expect((await env.receipts())[0]).toMatchObject({ id });
    await env.redis.config('SET', 'maxmemory', '1');
    await env.redis.config('SET', 'maxmemory', '1');
    const closing = await env.worker({ idle: true });
    void closing.start().catch(() => {});
    await eventually('the second to say so', () => closing.log().includes('redis refuses writes'));
    const from = performance.now();
    await closing.close({ deadlineMs: 1_000 });
    expect(performance.now() - from).toBeLessThan(unhurried(4_000));
  });
});

describe.concurrent('a primary that became a replica', () => {
  it('is left by a worker whose connections it kept, for where the address leads now', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ sandbox: { kongregate: { dayMs: 1 } } });
    const successor = await startRedis({ args: ['--replicaof', '127.0.0.1', `${env.server.port}`] });
    const client = new Redis(successor.url);
    const proxy = await openFaultyProxy(env.server.port);
    try {
      const worker = await env.worker({ redis: `redis://127.0.0.1:${proxy.port}` });
      await env.send(1);
      await env.settled(1);
      await eventually(
        'the replica to be in step',
        () => client.xlen('herald:{kongregate}:receipts'),
        Boolean,
      );
      proxy.redirect(successor.port);
      await client.replicaof('NO', 'ONE');
      await env.redis.replicaof('127.0.0.1', successor.port);
      const unready = async () => (await fetch(`${worker.url}/readyz`)).status;
      await eventually('it to be unready', unready, (status) => status === 503);
      const producer = createProducer({ redis: successor.url });
      await producer.send({ platform: 'kongregate', to: { userId: 11 }, content: 'Hello' });
      await producer.close();
      await eventually(
        'the delivery',
        () => client.xlen('herald:{kongregate}:receipts'),
        (n) => n === 2,
        {
          withinMs: 30_000,
        },
      );
      await eventually('it to be ready again', unready, (status) => status === 200);
      expect(worker.log().match(/redis refuses writes/g)!.length).toBeLessThan(4);
    } finally {
      client.disconnect();
      await proxy.close();
      await successor.stop();
    }
  });
});
