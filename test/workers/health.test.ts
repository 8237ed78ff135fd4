import { describe, expect, it } from 'vitest';
import { createHealth } from '../../src/workers/health.ts';
import { useStore } from '../ledger/harness.ts';

const store = useStore();

const redisCheck = async (ms: number, refusing = false) => {
  await store.redis.ping();
  const health = createHealth({
    stores: [
      {
        name: undefined,
        redis: store.redis,
        watch: { trouble: () => (ms > 0 ? { detail: 'it is away', ms, refusing } : undefined) },
        vitals: { check: async () => undefined },
        guard: { agrees: () => true, offsetMs: () => 0 },
      },
    ],
    maintenance: { samples: () => [] },
    watchdog: { observe() {}, stuck: () => undefined },
  });
  return (await health.ready()).checks.find(({ name }) => name === 'redis');
};

describe('the readiness of Redis', () => {
  it('is given while it answers, also during the hold in which recent sends are restored', async () => {
    expect(await redisCheck(0)).toEqual({ name: 'redis', ok: true });
    expect(await redisCheck(5_000)).toEqual({ name: 'redis', ok: true });
  });

  it('is not given where restoring them takes too long, nor to one that refuses writes', async () => {
    for (const check of [redisCheck(7_000), redisCheck(7_000, true)]) {
      const detail = 'it is away (for 7 s): sending is on hold';
      expect(await check).toEqual({ name: 'redis', ok: false, detail });
    }
    expect(await redisCheck(10, true)).toMatchObject({ ok: false });
  });
});
