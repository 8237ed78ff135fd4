import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { createClockGuard } from '../../src/redis/clock-guard.ts';
import { createStoreClock, MAX_OFFSET_MS } from '../../src/redis/store-clock.ts';
import { createHealth, type HealthDeps } from '../../src/workers/health.ts';

const STORE_S = 1_800_000_000;

/** A guard by a clock that is so much ahead of the store's; the store answers at once. */
function guarding(aheadMs: number) {
  const redis = { time: async () => [`${STORE_S}`, '0'] } as unknown as Redis;
  const clock = { now: () => STORE_S * 1_000 + aheadMs, monotonic: () => 0 };
  return createClockGuard(redis, createStoreClock(clock), () => {});
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

it('hears of a step with the next answer of the store, and tells of it once', async () => {
  let now = STORE_S * 1_000;
  const clock = createStoreClock({ now: () => now, monotonic: () => 0 });
  const told: boolean[] = [];
  const redis = { time: async () => [`${STORE_S}`, '0'] } as unknown as Redis;
  const guard = createClockGuard(redis, clock, (_, agrees) => void told.push(agrees));
  await guard.measure();
  now += 3 * 86_400_000;
  clock.sync(STORE_S * 1_000, 0);
  clock.sync(STORE_S * 1_000, 0);
  expect(told).toEqual([true, false]);
  expect(guard.agrees()).toBe(false);
});

it('knows an instant of the store by the answers that came fastest', () => {
  let monotonic = 0;
  const clock = createStoreClock({ now: () => 0, monotonic: () => monotonic });
  const answer = (storeMs: number, askedAt: number, answeredAt: number): number => {
    monotonic = answeredAt;
    clock.sync(storeMs, askedAt);
    return clock.monotonicAt(storeMs);
  };
  // Late by the way of the answer, and never early.
  expect(answer(5_000, 100, 110)).toBe(110);
  expect(answer(6_000, 1_100, 1_102)).toBe(1_102);
  // The event loop was blocked as the answer came.
  expect(answer(7_000, 2_101, 2_401)).toBeLessThan(2_103);
  // The store's clock was set, forward and back.
  expect(answer(18_000, 3_101, 3_103)).toBe(3_103);
  expect(answer(9_000, 4_101, 4_103)).toBe(4_103);
  expect(clock.monotonicAt(9_250)).toBe(4_353);
});

it('the store’s time goes on by the monotonic clock, whatever becomes of the machine’s', () => {
  let now = 5_000;
  let monotonic = 100;
  const clock = createStoreClock({ now: () => now, monotonic: () => monotonic });
  expect([clock.now(), clock.offsetMs()]).toEqual([5_000, undefined]);
  monotonic = 120;
  clock.sync(8_000, 100); // read between 100 and 120
  now = 99_000;
  monotonic = 1_120;
  expect(clock.now()).toBe(9_010);
  expect(clock.offsetMs()).toBe(89_990);
  // An answer that took a second tells too little.
  clock.sync(50_000, 100);
  expect(clock.now()).toBe(9_010);
});

it.each([
  [undefined, { live: true }],
  ['nothing is taken', { live: false, detail: 'nothing is taken' }],
])('liveness is what the watchdog says: %s', (stuck, live) => {
  const health = createHealth({ watchdog: { observe() {}, stuck: () => stuck } } as unknown as HealthDeps);
  expect(health.live()).toEqual(live);
});
