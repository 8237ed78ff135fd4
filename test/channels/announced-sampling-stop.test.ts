import type { Redis } from 'ioredis';
import { expect, it, vi } from 'vitest';
import { createAnnouncedSampling } from '../../src/channels/announced-sampling.ts';
import { storesOn } from '../../src/redis/stores.ts';

const FACTS = JSON.stringify({ platform: 'kongregate', quota: null, eligibility: null, rate: null });

/** Sampling that is stopped while it reads which channels there are. */
async function stopWhileReading(reading: Promise<Record<string, string>>) {
  const get = vi.fn();
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn(), child: () => logger };
  const sampling = createAnnouncedSampling({
    stores: storesOn({ hgetall: () => reading, get } as unknown as Redis),
    clock: { now: () => 0, monotonic: () => 0 },
    served: new Set(),
    gauges: { sample() {}, unsample() {} },
    onRedisCall() {},
    logger,
  });
  sampling.start();
  sampling.stop();
  await reading.catch(() => {});
  await new Promise(setImmediate);
  return { get, warn: logger.warn };
}

it('opens no channel once it was stopped', async () => {
  const { get, warn } = await stopWhileReading(Promise.resolve({ second: FACTS }));
  expect(get).not.toHaveBeenCalled();
  expect(warn).not.toHaveBeenCalled();
});

it('says nothing of a connection that was closed after it', async () => {
  const { warn } = await stopWhileReading(Promise.reject(new Error('Connection is closed.')));
  expect(warn).not.toHaveBeenCalled();
});
