import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { gather } from '../../src/producer/gather.ts';

/** Notes what is asked for together; answers with twice each number. */
function doubling(max: number) {
  const asked: (readonly number[])[] = [];
  const double = gather<number, number>(async (items) => {
    const all = await items();
    asked.push(all);
    return all.map((item) => item * 2);
  }, max);
  return { asked, double };
}

it('joins the calls of one turn, up to so many, and gives each its own answer', async () => {
  const { asked, double } = doubling(3);
  expect(await Promise.all([1, 2, 3, 4].map(double))).toEqual([2, 4, 6, 8]);
  expect(asked).toEqual([[1, 2, 3], [4]]);
  await turn();
  expect(await double(5)).toBe(10);
  expect(asked.at(-1)).toEqual([5]);
});

it('joins what is called before the turn is over, though promises settled meanwhile', async () => {
  const { asked, double } = doubling(9);
  const first = double(1);
  await Promise.resolve();
  await Promise.all([first, double(2)]);
  expect(asked).toEqual([[1, 2]]);
});

it('begins with the first call, and fails all calls that it joined, and no later one', async () => {
  let begun = 0;
  const failing = gather<number, number>(async (items) => {
    begun += 1;
    if (begun === 1) throw new Error('closed');
    return await items();
  }, 9);
  const calls = [failing(1), failing(2)];
  expect(begun).toBe(1);
  expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await failing(3)).toBe(3);
});
