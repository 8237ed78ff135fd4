import { describe, expect, it } from 'vitest';
import { createHealth } from '../../src/workers/health.ts';
import { useStore } from '../ledger/harness.ts';

const store = useStore();

const idle = { measure: async () => {}, start() {}, stop() {} };
const redisCheck = async (untoldMs: number) => {
  await store.redis.ping();
  const health = createHealth({
    redis: store.redis,
    store: { untoldMs: () => untoldMs },
    guard: { ...idle, agrees: () => true, offsetMs: () => 0 },
    rounds: { ...idle, samples: () => [] },
    watchdog: { look() {}, stuck: () => undefined },
  });
  return (await health.ready()).checks.find(({ name }) => name === 'redis');
};

describe('the readiness of Redis', () => {
  it('is given while it answers, also in the moment in which it is told of recent sends', async () => {
    expect(await redisCheck(0)).toEqual({ name: 'redis', ok: true });
    expect(await redisCheck(1_000)).toEqual({ name: 'redis', ok: true });
  });

  it('is not given to a Redis that answers and refuses to be told of recent sends', async () => {
    expect(await redisCheck(6_000)).toEqual({
      name: 'redis',
      ok: false,
      detail: 'refuses for 6 s to be told of recent sends: nothing is sent',
    });
  });
});
