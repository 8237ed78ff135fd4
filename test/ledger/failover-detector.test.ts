import { setImmediate as turn } from 'node:timers/promises';
import { Redis, ReplyError } from 'ioredis';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { EpochLostError } from '../../src/ledger/epoch.ts';
import { createFailoverDetector } from '../../src/ledger/failover-detector.ts';
import { behindGate, behindRestore, type FailoverDetector } from '../../src/ledger/store-gate.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/index.ts';
import { elapse, eventually } from '../../testing/eventually.ts';

interface Watched {
  server: RedisServer;
  redis: Redis;
  watch: FailoverDetector;
  errors: string[];
}

const it = test.extend<{ watched: Watched }>({
  watched: async ({ task: _ }, use) => {
    // After its start, and after each restart, this Redis refuses writes until it is told otherwise.
    const server = await startRedis({ args: ['--min-replicas-to-write', '1'] });
    const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    redis.on('error', () => {});
    const errors: string[] = [];
    const watch = createFailoverDetector(redis, {
      clock: systemClock,
      probe: async () => {},
      onRefused: () => {},
      onRefusing: (error) => void (error && errors.push(String(error))),
      onError: () => {},
    });
    await watch.pending();
    await use({ server, redis, watch, errors });
    watch.stop();
    redis.disconnect();
    await server.stop();
  },
});

/** Tells a store whenever it is not the one that was told; at once, too, which tests wait for. */
const witness = (watch: FailoverDetector, tell: () => Promise<void>): void =>
  watch.add({ restore: () => tell().then(() => 0), holds: async () => true });

const quiet = {
  clock: systemClock,
  probe: async () => {},
  onRefused: () => {},
  onRefusing: () => {},
  onError: () => {},
};

const shut = ({ watch }: Watched) => eventually('the gate to shut', () => watch.pending() !== undefined);

it('tells a store that refuses to be told again, until it takes it', async ({ watched }) => {
  const { server, redis, watch, errors } = watched;
  let told = 0;
  witness(watch, async () => {
    await redis.set('told', '1');
    told += 1;
  });
  await server.restart();
  await shut(watched);
  await eventually('the refusal', () => errors.some((error) => error.includes('NOREPLICAS')));
  await eventually(
    'it to tell why',
    () => watch.trouble(),
    (seen) => seen?.refusing === true && seen.detail.includes('NOREPLICAS'),
  );
  await redis.config('SET', 'min-replicas-to-write', '0');
  await watch.pending();
  expect(told).toBe(1);
  expect(watch.trouble()).toBeUndefined();
  expect(watch.pending()).toBeUndefined();
});

it('lets what is known be told while the others are waited for, unless it is refused', async ({
  watched,
}) => {
  const { redis, watch } = watched;
  watch.add({ restore: async () => 60_000, holds: async () => true });
  const asking = watch.pending();
  expect(await behindRestore(watch, () => redis.ping())).toBe('PONG');
  expect(watch.pending()).toBe(asking);
  const full = new ReplyError("OOM command not allowed when used memory > 'maxmemory'.");
  watch.refused(full);
  // Nothing spins: the next one waits as everybody does.
  expect(watch.restoring()).toBeDefined();
  watch.stop();
  await asking;
  expect(watch.restoring()).toBeUndefined();
});

it('lets everybody go when it is stopped, and tells nothing more', async ({ watched }) => {
  const { server, redis, watch, errors } = watched;
  witness(watch, async () => {
    await redis.set('told', '1');
  });
  await server.restart();
  await shut(watched);
  const waiting = watch.pending();
  await eventually('the refusal', () => errors.length > 0);
  watch.stop();
  await waiting;
  expect(watch.trouble()).toBeUndefined();
  expect(watch.pending()).toBeUndefined();
});

it('is shut until the first connection is there', async ({ watched }) => {
  const { server } = watched;
  const redis = new Redis(server.url, { lazyConnect: true });
  const watch = createFailoverDetector(redis, quiet);
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
  witness(watch, async () => {
    tellings += 1;
    if (tellings === 1) await telling;
  });
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

it('asks a store that takes the probe and refuses the call no more than once a second', async ({
  watched,
}) => {
  const { watch, errors } = watched;
  let calls = 0;
  const call = behindGate(watch, async () => {
    calls += 1;
    throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
  });
  await elapse(2_500);
  watch.stop();
  await expect(call).rejects.toThrow('OOM');
  expect(calls).toBeLessThanOrEqual(4);
  expect(errors.length).toBeLessThanOrEqual(3);
});

it('asks again at once where the call only named an epoch that is over', async ({ watched }) => {
  const { watch } = watched;
  let calls = 0;
  const call = async () => {
    calls += 1;
    if (calls === 1) throw new EpochLostError('earlier');
    return calls;
  };
  expect(await behindGate(watch, call, () => 'now')).toBe(2);
  expect(watch.pending()).toBeUndefined();
});
