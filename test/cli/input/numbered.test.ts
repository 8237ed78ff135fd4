import { expect, it } from 'vitest';
import type { Entry } from '../../../src/cli/input/lines.ts';
import { numbered } from '../../../src/cli/input/numbered.ts';

async function* entries(count: number): AsyncGenerator<Entry<string>> {
  for (let i = 0; i < count; i++)
    yield i % 2 === 0 ? { line: i + 1, value: 'good' } : { line: i + 1, problem: 'bad' };
}

it('knows the line of each value, and hands problems to their listener', async () => {
  const problems: number[] = [];
  const { values, placeOf, count } = numbered(entries(6), ({ line }) => problems.push(line));
  for await (const value of values) expect(value).toBe('good');
  expect([count(), problems]).toEqual([3, [2, 4, 6]]);
  expect([0, 1, 2, 3].map(placeOf)).toEqual([{ line: 1 }, { line: 3 }, { line: 5 }, undefined]);
});

it('says that it does not know rather than naming a wrong line', async () => {
  const { values, placeOf, count } = numbered(entries(20_000), () => {});
  for await (const _ of values);
  expect(placeOf(count() - 1)).toEqual({ line: 19_999 });
  expect(placeOf(count() - 4096)).toEqual({ line: 2 * (count() - 4096) + 1 });
  expect(placeOf(count() - 4097)).toBeUndefined();
});
