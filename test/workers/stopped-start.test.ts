import { Redis, type RedisOptions } from 'ioredis';
import { expect, vi } from 'vitest';
import { createWorker, type WorkerConfig } from '../../src/app.ts';
import { aliveWorkers } from '../../src/channels/heartbeats.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';

/** Timers that keep a process alive and were not cleared. */
function liveIntervals(): () => number {
  const live = new Set<unknown>();
  const [set, clear] = [globalThis.setInterval, globalThis.clearInterval];
  vi.spyOn(globalThis, 'setInterval').mockImplementation(((...args: Parameters<typeof setInterval>) => {
    const timer = set(...args);
    live.add(timer);
    return timer;
  }) as typeof setInterval);
  vi.spyOn(globalThis, 'clearInterval').mockImplementation((timer) => {
    live.delete(timer);
    clear(timer as NodeJS.Timeout);
  });
  return () => [...live].filter((timer) => (timer as NodeJS.Timeout).hasRef()).length;
}

it('is stopped while Redis keeps it waiting for the time, and begins nothing any more', async ({
  openEnvironment,
  onTestFinished,
}) => {
  const env = await openEnvironment();
  onTestFinished(() => void vi.restoreAllMocks());
  let asked = 0;
  let tell = (): void => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const redis = new Redis(env.server.url, { lazyConnect: true });
  redis.duplicate = (options?: Partial<RedisOptions>): Redis => {
    const own = new Redis(env.server.url, { ...options, replyMapping: 'legacy' });
    const time = own.time.bind(own);
    own.time = async () => {
      asked += 1;
      await told;
      return await time();
    };
    return own;
  };
  const live = liveIntervals();
  const config: Record<string, unknown> = { ...env.config(), http: false, redis };
  const worker = createWorker(config as WorkerConfig);
  const starting = worker.start();
  await eventually('it to ask for the time', () => asked > 0);
  const closing = worker.close();
  tell();
  expect(await closing).toEqual({ drained: true, abandoned: 0 });
  await starting;
  expect(live()).toBe(0);
  expect(await aliveWorkers(channelStore(env.redis, 'kongregate'))).toEqual([]);
});
