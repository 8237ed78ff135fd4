import { expect, it } from 'vitest';
import { createProgress } from '../../src/webhooks/progress.ts';

const receipt = (n: number) => ({ id: `r${n}`, cursor: `c${n}`, at: n });

it('keeps what is over behind what is not, and goes on after all that is over', () => {
  const progress = createProgress({ after: 'c0', ahead: [] });
  for (const n of [1, 2, 3]) expect(progress.begin(receipt(n))).toBe(true);
  progress.end('r3');
  progress.end('r2');
  expect(progress.position()).toEqual({ after: 'c0', ahead: ['r2', 'r3'] });
  expect(progress.oldest()).toBe(1);
  progress.end('r1');
  expect(progress.position()).toEqual({ after: 'c3', ahead: [] });
  expect([progress.oldest(), progress.size()]).toEqual([undefined, 0]);
});

it('posts nothing again that was over before a crash', () => {
  const progress = createProgress({ after: 'c0', ahead: ['r2'] });
  expect(progress.begin(receipt(1))).toBe(true);
  expect(progress.position().ahead).toEqual(['r2']);
  expect(progress.begin(receipt(2))).toBe(false);
  expect(progress.position()).toEqual({ after: 'c0', ahead: ['r2'] });
  progress.end('r1');
  expect(progress.position()).toEqual({ after: 'c2', ahead: [] });
});

it('forgets what was cut off', () => {
  const progress = createProgress({ after: 'c0', ahead: ['r2'] });
  expect(progress.cut({ count: 3, exact: true }, 7)).toEqual({ count: 2, exact: false });
  expect(progress.position()).toEqual({
    after: 'c0',
    ahead: [],
    missed: { count: 2, exact: false, at: 7 },
  });
});

it('adds up what is missing, also after a crash', () => {
  const first = createProgress({ after: 'c0', ahead: [] });
  expect(first.cut({ count: 3, exact: true }, 7)).toEqual({ count: 3, exact: true });
  const second = createProgress(first.position());
  second.cut({ count: 4, exact: true }, 8);
  expect(second.position().missed).toEqual({ count: 7, exact: true, at: 8 });
  second.cut(null, 9);
  expect(second.position().missed).toEqual({ count: 7, exact: false, at: 9 });
});
