import { setImmediate as turn } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type StoreWatch, watchStore } from '../../src/ledger/store-watch.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/index.ts';
import { eventually } from '../support/eventually.ts';

interface Watched {
  server: RedisServer;
  redis: Redis;
  watch: StoreWatch;
  errors: string[];
}

const it = test.extend<{ watched: Watched }>({
  watched: async ({ task: _ }, use) => {
    // After its start, and after each restart, this Redis refuses writes until it is told otherwise.
    const server = await startRedis({ args: ['--min-replicas-to-write', '1'] });
    const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    redis.on('error', () => {});
    const errors: string[] = [];
    const watch = watchStore(redis, { clock: systemClock, onError: (error) => errors.push(String(error)) });
    await redis.ping();
    // Answered after the watch's own question, which it asked when the connection was ready.
    await redis.time();
    await use({ server, redis, watch, errors });
    watch.stop();
    redis.disconnect();
    await server.stop();
  },
});

const shut = ({ watch }: Watched) => eventually('the gate to shut', () => watch.pending() !== undefined);

it('tells a store that refuses to be told again, until it takes it', async ({ watched }) => {
  const { server, redis, watch, errors } = watched;
  let told = 0;
  watch.onChange(async () => {
    await redis.set('told', '1');
    told += 1;
  });
  await server.restart();
  await shut(watched);
  await eventually('the refusal', () => errors.some((error) => error.includes('NOREPLICAS')));
  expect(watch.untoldMs()).toBeGreaterThan(0);
  await redis.config('SET', 'min-replicas-to-write', '0');
  await watch.pending();
  expect(told).toBe(1);
  expect(watch.untoldMs()).toBe(0);
  expect(watch.pending()).toBeUndefined();
});

it('lets everybody go when it is stopped, and tells nothing more', async ({ watched }) => {
  const { server, redis, watch, errors } = watched;
  watch.onChange(async () => {
    await redis.set('told', '1');
  });
  await server.restart();
  await shut(watched);
  const waiting = watch.pending();
  await eventually('the refusal', () => errors.length > 0);
  watch.stop();
  await waiting;
  expect(watch.untoldMs()).toBe(0);
  expect(watch.pending()).toBeUndefined();
});

it('is shut until the first connection is there', async ({ watched }) => {
  const { server } = watched;
  const redis = new Redis(server.url, { lazyConnect: true });
  const watch = watchStore(redis, { clock: systemClock, onError: () => {} });
  const opened = watch.pending();
  expect(opened).toBeDefined();
  await redis.connect();
  await opened;
  expect(watch.pending()).toBeUndefined();
  watch.stop();
  redis.disconnect();
});

it('stays shut when the store that was being told goes away meanwhile', async ({ watched }) => {
  const { server, watch } = watched;
  let tellings = 0;
  let told = (): void => {};
  const telling = new Promise<void>((resolve) => {
    told = resolve;
  });
  watch.onChange(async () => {
    tellings += 1;
    if (tellings === 1) await telling;
  });
  await server.restart();
  await eventually('the first telling', () => tellings === 1);
  await server.kill();
  await eventually('the connection to break', () => watched.redis.status !== 'ready');
  told();
  await turn();
  expect(watch.pending()).toBeDefined();
  await server.restart();
  await watch.pending();
  expect(tellings).toBe(2);
});
