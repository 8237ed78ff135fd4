import { expect, it } from 'vitest';
import { readOptions, UsageError } from '../../bench/options.ts';

it('reads five rounds of all rows where nothing else is asked for', () => {
  expect(readOptions([])).toMatchObject({
    scale: { rounds: 5, messages: 20_000 },
    only: [],
    growth: false,
    json: false,
  });
});

it('reads what is asked for', () => {
  const args = ['--quick', '--rounds', '2', '--only', 'bullmq,latency', '--growth', '--json'];
  expect(readOptions(args)).toMatchObject({
    scale: { rounds: 2, messages: 1_000 },
    only: ['bullmq', 'latency'],
    growth: true,
    json: true,
  });
  expect(readOptions(['--help'])).toBeUndefined();
});

it.each([['--rounds', '0'], ['--messages', 'many'], ['--fast']])('refuses %s %s', (...args) => {
  expect(() => readOptions(args)).toThrow(UsageError);
});
