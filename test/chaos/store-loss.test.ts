import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect } from 'vitest';
import { createProducer, createWorker, type WorkerConfig } from '../../src/app.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLogger } from '../../src/observe/log.ts';
import { iterateReceipts } from '../../src/receipts/receipts.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { type FaultyProxy, openFaultyProxy } from '../../testing/faulty-proxy.ts';
import { CHANNEL, type Environment, it as environmentIt } from '../support/environment.ts';

/** A platform that takes whatever it gets: what the store forgot, a player gets twice. */
const LENIENT = { sandbox: { kongregate: { dayMs: 1 } } };
const PLAYER = 21;
const MESSAGE = 'known-to-the-store';

type Close = () => Promise<void> | void;

/** `later` takes what a test opens: closed after it, the latest first. */
const it = environmentIt.extend<{ later: (close: Close) => void }>({
  later: async ({ task: _ }, use) => {
    const closes: Close[] = [];
    await use((close) => void closes.unshift(close));
    for (const close of closes) await close();
  },
});

interface Stage {
  later(close: Close): void;
  env: Environment;
  /** The way by which workers and producers reach whichever Redis it is. */
  proxy: FaultyProxy;
  url: string;
  log(): string;
  startWorker(): Promise<{ close(): Promise<void> }>;
}

async function openStage(env: Environment, later: Stage['later']): Promise<Stage> {
  const proxy = await openFaultyProxy(env.server.port);
  later(() => proxy.close());
  const url = `redis://127.0.0.1:${proxy.port}`;
  const lines: string[] = [];
  const logger = createLogger({ destination: { write: (text) => void lines.push(text) } });
  return {
    ...{ env, proxy, url, later },
    log: () => lines.join(''),
    async startWorker() {
      const worker = createWorker({ ...env.config(), redis: url } as WorkerConfig, { logger });
      let open = true;
      const close = async (): Promise<void> => {
        if (open) await worker.close({ deadlineMs: 1_000 });
        open = false;
      };
      later(close);
      await worker.start();
      return { close };
    },
  };
}

/** What the store keeps: the message in its queue. What it will forget: everything that the worker makes of it. */
async function deliverOnce({ env, startWorker }: Stage): Promise<{ close(): Promise<void> }> {
  const worker = await startWorker();
  expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
  expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
  return worker;
}

/** A second message for the same player, and the end of both in the store that took over. */
async function endOfBoth({ url, later }: Stage): Promise<Record<string, string>> {
  const producer = createProducer({ redis: url, channels: [CHANNEL], timeoutMs: 20_000 });
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => {}); // The proxy closes when the test ends.
  later(async () => {
    await producer.close();
    redis.disconnect();
  });
  const to = { userId: PLAYER };
  await producer.send({ platform: 'kongregate', id: 'second', to, content: 'Hello again' });
  const look = async (): Promise<Record<string, string>> => {
    const ends: Record<string, string> = {};
    for await (const { id, state, reason } of iterateReceipts(redis, CHANNEL))
      ends[id] = `${state}/${reason}`;
    return ends;
  };
  const ends = await eventually('both to end', look, (seen) => Object.keys(seen).length === 2);
  return ends;
}

/** A ledger that lets a message wait before it asks for it. */
function holding(id: string) {
  let [take, go] = [() => {}, () => {}];
  const taken = new Promise<void>((resolve) => {
    take = resolve;
  });
  const told = new Promise<void>((resolve) => {
    go = resolve;
  });
  const ledger = (inner: Ledger): Ledger => ({
    settle: (settlement) => inner.settle(settlement),
    async admit(message, nonce) {
      if (message.id === id) {
        take();
        await told;
      }
      return inner.admit(message, nonce);
    },
  });
  return { taken, go, ledger };
}

/** The append-only file as it stands: between two commands, since nobody writes. */
async function appendOnlyFile({ dir }: RedisServer): Promise<{ path: string; bytes: number }> {
  const folder = join(dir, 'appendonlydir');
  const name = (await readdir(folder)).find((file) => file.endsWith('.incr.aof'));
  const path = join(folder, name ?? '');
  return { path, bytes: (await stat(path)).size };
}

describe.concurrent('an append-only file whose tail is gone', () => {
  async function prepare(env: Environment, later: Stage['later']) {
    await env.send(PLAYER, { id: MESSAGE });
    return { stage: await openStage(env, later), kept: await appendOnlyFile(env.server) };
  }
  async function loseTail({ server }: Environment, { path, bytes }: { path: string; bytes: number }) {
    await server.kill();
    expect((await stat(path)).size).toBeGreaterThan(bytes);
    await truncate(path, bytes);
    await server.restart();
  }

  it('costs nothing where the worker lives: it tells the store again', async ({ openEnvironment, later }) => {
    const env = await openEnvironment({ ...LENIENT, appendonly: true });
    const { stage, kept } = await prepare(env, later);
    await deliverOnce(stage);
    await loseTail(env, kept);
    expect(await endOfBoth(stage)).toEqual({ [MESSAGE]: 'delivered/sent', second: 'suppressed/quota' });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
    expect(stage.log()).toContain('redis failover: restored recent sends');
  });

  it('costs a second message where the worker died in the same moment', async ({
    openEnvironment,
    later,
  }) => {
    const env = await openEnvironment({ ...LENIENT, appendonly: true });
    const { stage, kept } = await prepare(env, later);
    const worker = await deliverOnce(stage);
    await worker.close();
    await loseTail(env, kept);
    await stage.startWorker();
    await endOfBoth(stage);
    // The message that the store knew only as waiting is sent again. That is the bound, and `doctor` tells of it.
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 2 });
  });
});

describe.concurrent('a replica that lagged behind and takes over', () => {
  /** A replica that hears nothing of the primary from now on. */
  async function prepare(env: Environment, later: Stage['later']) {
    await env.send(PLAYER, { id: MESSAGE });
    const behind = await openFaultyProxy(env.server.port);
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${behind.port}`] });
    const client = new Redis(replica.url);
    later(async () => {
      client.disconnect();
      await behind.close();
      await replica.stop();
    });
    const linked = async (): Promise<boolean> =>
      /master_link_status:up/.test(await client.info('replication'));
    await eventually('the replica to be in step', linked);
    await eventually(
      'all writes to be there',
      () => env.redis.wait(1, 1_000),
      (count) => count === 1,
    );
    behind.halfOpen();
    return { stage: await openStage(env, later), replica, client };
  }
  async function failOver(
    { env, proxy }: Stage,
    { replica, client }: { replica: RedisServer; client: Redis },
  ) {
    await env.server.kill();
    await client.replicaof('NO', 'ONE');
    proxy.redirect(replica.port);
    proxy.cut();
  }

  it('costs nothing where the worker lives: it tells the store again', async ({ openEnvironment, later }) => {
    const env = await openEnvironment(LENIENT);
    const { stage, ...successor } = await prepare(env, later);
    await deliverOnce(stage);
    await failOver(stage, successor);
    expect(await endOfBoth(stage)).toEqual({ [MESSAGE]: 'delivered/sent', second: 'suppressed/quota' });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
    expect(stage.log()).toContain('redis failover: restored recent sends');
  });

  it('is told of recent sends before it is asked what was on its way to the other', async ({
    openEnvironment,
    later,
  }) => {
    const env = await openEnvironment(LENIENT);
    const { stage, ...successor } = await prepare(env, later);
    const { taken, go, ledger } = holding('second');
    const worker = await env.worker({ redis: stage.url, wrap: { ledger } });
    later(async () => void (await worker.close({ deadlineMs: 1_000 })));
    expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
    await env.send(PLAYER, { id: 'second' });
    await taken;
    await env.server.kill('SIGSTOP');
    go();
    await failOver(stage, successor);
    const ends = async (): Promise<string[]> => {
      const receipts: string[] = [];
      for await (const { id, state, reason } of iterateReceipts(successor.client, CHANNEL))
        receipts.push(`${id} ${state}/${reason}`);
      return receipts;
    };
    const quota = (all: string[]): boolean => all.includes('second suppressed/quota');
    await eventually('the end of the second', ends, quota);
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
  });

  it('costs a second message where the worker died in the same moment', async ({
    openEnvironment,
    later,
  }) => {
    const env = await openEnvironment(LENIENT);
    const { stage, ...successor } = await prepare(env, later);
    const worker = await deliverOnce(stage);
    await worker.close();
    await failOver(stage, successor);
    await stage.startWorker();
    await endOfBoth(stage);
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 2 });
  });
});
