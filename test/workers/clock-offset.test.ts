import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { createClockGuard, MAX_OFFSET_MS } from '../../src/workers/clock-guard.ts';
import { createHealth, type HealthDeps } from '../../src/workers/health.ts';

const STORE_S = 1_800_000_000;

/** A guard by a clock that is so much ahead of the store's; the store answers at once. */
function guarding(aheadMs: number) {
  const redis = { time: async () => [`${STORE_S}`, '0'] } as unknown as Redis;
  const clock = { now: () => STORE_S * 1_000 + aheadMs, monotonic: () => 0 };
  return createClockGuard(redis, clock, () => {});
}

it.each([
  [0, true],
  [MAX_OFFSET_MS, true],
  [-MAX_OFFSET_MS, true],
  [MAX_OFFSET_MS + 1, false],
  [-MAX_OFFSET_MS - 1, false],
  [-3_600_000, false],
])(
  'a clock that is %d ms ahead agrees: %s, and none does before it was compared',
  async (aheadMs, agrees) => {
    const guard = guarding(aheadMs);
    expect(guard.agrees()).toBe(false);
    await guard.measure();
    expect(guard.agrees()).toBe(agrees);
  },
);

it.each([
  [undefined, { live: true }],
  ['nothing is taken', { live: false, detail: 'nothing is taken' }],
])('liveness is what the watchdog says: %s', (stuck, live) => {
  const health = createHealth({ watchdog: { look() {}, stuck: () => stuck } } as unknown as HealthDeps);
  expect(health.live()).toEqual(live);
});
