import { expect, it } from 'vitest';
import { numbered } from '../../../src/cli/input/numbered.ts';
import type { Entry } from '../../../src/lines.ts';
import { MOST_UNDER_WAY } from '../../../src/producer/batches.ts';

async function* entries(count: number): AsyncGenerator<Entry<string>> {
  for (let i = 0; i < count; i++)
    yield i % 2 === 0 ? { line: i + 1, value: 'good' } : { line: i + 1, problem: 'bad' };
}

it('knows the line of each value, and hands problems to their listener', async () => {
  const problems: number[] = [];
  const { values, placeOf, isBad, count } = numbered(entries(6), ({ line }) => problems.push(line));
  const all: unknown[] = [];
  for await (const value of values) all.push(value);
  // What is bad keeps its place, so that the others keep theirs when it is mended.
  expect(all).toEqual(['good', null, 'good', null, 'good', null]);
  expect([count(), problems]).toEqual([6, [2, 4, 6]]);
  expect([0, 1, 5, 6].map(placeOf)).toEqual([{ line: 1 }, { line: 2 }, { line: 6 }, undefined]);
  expect([0, 1, 4, 5, 6].map(isBad)).toEqual([false, true, false, true, false]);
});

it('says that it does not know rather than naming a wrong line', async () => {
  const { values, placeOf, count } = numbered(entries(20_000), () => {});
  for await (const _ of values);
  expect(placeOf(count() - 1)).toEqual({ line: 20_000 });
  const oldest = count() - MOST_UNDER_WAY;
  expect(placeOf(oldest)).toEqual({ line: oldest + 1 });
  expect(placeOf(oldest - 1)).toBeUndefined();
});
