import { expect, it } from 'vitest';
import { createPace } from '../../src/dead-letters/pace.ts';

/** A clock that only a pause moves. */
function still() {
  let now = 0;
  return {
    clock: { monotonic: () => now },
    pause: async (ms: number) => {
      now += ms;
    },
    at: () => now,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

it('spreads them evenly, the first ones at once', async () => {
  const time = still();
  const pace = createPace({ perSecond: 100, signal: undefined, ...time });
  expect(pace.batch).toBe(10);
  const starts: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    await pace.turn(pace.batch);
    starts.push(time.at());
  }
  expect(starts).toEqual([0, 100, 200, 300]);
});

it('takes one at a time below ten a second', async () => {
  const time = still();
  const pace = createPace({ perSecond: 1 / 60, signal: undefined, ...time });
  expect(pace.batch).toBe(1);
  await pace.turn(1);
  await pace.turn(1);
  expect(time.at()).toBe(60_000);
});

it('makes up for no time that was lost', async () => {
  const time = still();
  const pace = createPace({ perSecond: 10, signal: undefined, ...time });
  await pace.turn(1);
  time.pass(5_000);
  await pace.turn(1);
  await pace.turn(1);
  expect(time.at()).toBe(5_100);
});
