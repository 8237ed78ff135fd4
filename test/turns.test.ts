import { expect, it } from 'vitest';
import { createTurns } from '../src/turns.ts';

/** A clock that goes on by what the work says that it took. */
function working() {
  let now = 0;
  const turns = createTurns({ monotonic: () => now });
  return {
    turns,
    piece: (ms: number) =>
      turns(() => {
        now += ms;
      }),
  };
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
