import { expect, it } from 'vitest';
import { createTries } from '../../src/board/tries.ts';

const found = async () => 'found';
const nothing = async () => undefined;

function setUp() {
  let now = 0;
  const tries = createTries({ monotonic: () => now });
  const fail = async (address: string, times = 60): Promise<void> => {
    for (let i = 0; i < times; i += 1) await tries.run(address, nothing);
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { tries, fail, pass };
}

it('counts tries that fail by their address, for a minute', async () => {
  const { tries, fail, pass } = setUp();
  await fail('a');
  await expect(tries.run('a', found)).rejects.toMatchObject({ status: 429 });
  expect(await tries.run('b', found)).toBe('found');
  pass(60_001);
  expect(await tries.run('a', found)).toBe('found');
});

it('counts neither a try that succeeds nor one that could not be made', async () => {
  const { tries, fail } = setUp();
  await fail('a', 59);
  for (let i = 0; i < 3; i += 1) {
    await tries.run('a', found);
    await expect(tries.run('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  }
  expect(await tries.run('a', nothing)).toBeUndefined();
  await expect(tries.run('a', found)).rejects.toMatchObject({ status: 429 });
});

it('forgets the address that began first where there are too many', async () => {
  const { tries, fail } = setUp();
  await fail('first');
  await fail('second');
  for (let i = 0; i < 9_999; i += 1) await tries.run(`${i}`, nothing);
  expect(await tries.run('first', found)).toBe('found');
});
