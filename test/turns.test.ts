import { expect, it } from 'vitest';
import { createTurns, eachInTurn } from '../src/turns.ts';

/** A clock that goes on by what the work says that it took. */
function working() {
  let now = 0;
  const turns = createTurns({ monotonic: () => now });
  const take = (ms: number): void => {
    now += ms;
  };
  return { turns, take, piece: (ms: number) => turns(() => take(ms)) };
}

/** How often the event loop went round until it was done. */
async function roundsUntil(done: Promise<unknown>): Promise<number> {
  let over = false;
  let rounds = 0;
  void Promise.resolve(done).then(() => {
    over = true;
  });
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    rounds += 1;
  }
  return rounds;
}

it('lets the event loop go round between pieces that take long', async () => {
  const { piece } = working();
  const rounds = await roundsUntil(Promise.all(Array.from({ length: 20 }, () => piece(50))));
  expect(rounds).toBeGreaterThanOrEqual(19);
});

it('does many short ones in one round', async () => {
  const { piece } = working();
  expect(await roundsUntil(Promise.all(Array.from({ length: 1_000 }, () => piece(0.001))))).toBe(1);
});

it('does at once what need not wait, and throws what that throws', () => {
  const { turns } = working();
  expect(turns(() => 1)).toBe(1);
  expect(() =>
    turns(() => {
      throw new Error('one');
    }),
  ).toThrow('one');
});

it('keeps the order, hands back results, and rejects by what was thrown for that piece only', async () => {
  const { turns, piece } = working();
  const order: number[] = [];
  const first = piece(50);
  const pieces = [1, 2, 3].map((n) =>
    turns(() => {
      order.push(n);
      if (n === 2) throw new Error('two');
      return n;
    }),
  );
  expect(await Promise.allSettled([first, ...pieces])).toMatchObject([
    { status: 'fulfilled' },
    { value: 1 },
    { status: 'rejected' },
    { value: 3 },
  ]);
  expect(order).toEqual([1, 2, 3]);
});

it('does work for each of many, in order, and lets the event loop go round where that takes long', async () => {
  const { turns, take } = working();
  const order: number[] = [];
  const does = (ms: number) => (n: number) => {
    take(ms);
    order.push(n);
  };
  expect(await roundsUntil(eachInTurn([1, 2, 3], turns, does(0.001)))).toBe(1);
  expect(await roundsUntil(eachInTurn([4, 5, 6, 7], turns, does(50)))).toBeGreaterThanOrEqual(3);
  expect(order).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

it('leaves what is behind one that fails', async () => {
  const { turns } = working();
  const done: number[] = [];
  const work = (n: number): void => {
    if (n === 2) throw new Error('two');
    done.push(n);
  };
  await expect(eachInTurn([1, 2, 3], turns, work)).rejects.toThrow('two');
  expect(done).toEqual([1]);
});
