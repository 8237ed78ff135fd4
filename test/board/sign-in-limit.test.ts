import { expect, it } from 'vitest';
import { createSignInLimit } from '../../src/board/sign-in-limit.ts';

const found = async () => 'found';
const nothing = async () => undefined;

function setUp() {
  let now = 0;
  const limit = createSignInLimit({ monotonic: () => now });
  const fail = async (address: string, times = 60): Promise<void> => {
    for (let i = 0; i < times; i += 1) await limit.run(address, nothing);
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { limit, fail, pass };
}

it('counts limit that fail by their address, for a minute', async () => {
  const { limit, fail, pass } = setUp();
  await fail('a');
  await expect(limit.run('a', found)).rejects.toMatchObject({ status: 429 });
  expect(await limit.run('b', found)).toBe('found');
  pass(60_001);
  expect(await limit.run('a', found)).toBe('found');
});

it('counts neither a try that succeeds nor one that could not be made', async () => {
  const { limit, fail } = setUp();
  await fail('a', 59);
  for (let i = 0; i < 3; i += 1) {
    await limit.run('a', found);
    await expect(limit.run('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  }
  expect(await limit.run('a', nothing)).toBeUndefined();
  await expect(limit.run('a', found)).rejects.toMatchObject({ status: 429 });
});

it('forgets the address that began first where there are too many', async () => {
  const { limit, fail } = setUp();
  await fail('first');
  await fail('second');
  for (let i = 0; i < 9_999; i += 1) await limit.run(`${i}`, nothing);
  expect(await limit.run('first', found)).toBe('found');
});
