import { expect, it } from 'vitest';
import { createProgress } from '../../src/webhooks/progress.ts';

const START = { after: 'c0', ahead: [], passed: 0 };
const receipt = (n: number) => ({ id: `r${n}`, cursor: `c${n}`, at: n });

it('keeps what is over behind what is not, and goes on after all that is over', () => {
  const progress = createProgress(START);
  for (const n of [1, 2, 3]) expect(progress.begin(receipt(n))).toBe(true);
  progress.end('r3');
  progress.end('r2');
  expect(progress.position()).toEqual({ after: 'c0', ahead: ['r2', 'r3'], passed: 0 });
  expect(progress.oldest()).toBe(1);
  progress.end('r1');
  expect(progress.position()).toEqual({ after: 'c3', ahead: [], passed: 0 });
  expect([progress.oldest(), progress.size()]).toEqual([undefined, 0]);
});

it('posts nothing again that was over before a crash', () => {
  const progress = createProgress({ after: 'c0', ahead: ['r2'], passed: 0 });
  expect(progress.begin(receipt(1))).toBe(true);
  expect(progress.position().ahead).toEqual(['r2']);
  expect(progress.begin(receipt(2))).toBe(false);
  expect(progress.position()).toEqual({ after: 'c0', ahead: ['r2'], passed: 0 });
  progress.end('r1');
  expect(progress.position()).toEqual({ after: 'c2', ahead: [], passed: 0 });
});

it('forgets what was cut off', () => {
  const progress = createProgress({ after: 'c0', ahead: ['r2'], passed: 0 });
  expect(progress.cut({ count: 3, exact: true }, 7)).toEqual({ count: 2, exact: false });
  expect(progress.position()).toEqual({
    after: 'c0',
    ahead: [],
    passed: 0,
    missed: { count: 2, exact: false, at: 7 },
  });
});

it('adds up what is missing, also after a crash', () => {
  const first = createProgress(START);
  expect(first.cut({ count: 3, exact: true }, 7)).toEqual({ count: 3, exact: true });
  const second = createProgress(first.position());
  second.cut({ count: 4, exact: true }, 8);
  expect(second.position().missed).toEqual({ count: 7, exact: true, at: 8 });
  second.cut(null, 9);
  expect(second.position().missed).toEqual({ count: 7, exact: false, at: 9 });
});

it('needs no id of what it passes over behind a pending one', () => {
  const progress = createProgress(START);
  progress.begin(receipt(1));
  for (const n of [2, 3]) progress.pass(receipt(n));
  progress.begin(receipt(4));
  progress.pass(receipt(5));
  progress.end('r4');
  expect([progress.size(), progress.oldest()]).toEqual([2, 1]);
  expect(progress.position()).toEqual({ after: 'c0', ahead: ['r4'], passed: 3, pending: 1 });
  progress.end('r1');
  expect(progress.position()).toEqual({ after: 'c5', ahead: [], passed: 0 });
  progress.pass(receipt(6));
  expect(progress.position()).toEqual({ after: 'c6', ahead: [], passed: 0 });
});

it('passes over the same again after a crash, and what was over before its state was left out', () => {
  const progress = createProgress({ after: 'c0', ahead: ['r3'], passed: 2, pending: 1 });
  progress.begin(receipt(1));
  progress.pass(receipt(2));
  progress.pass(receipt(3));
  expect(progress.position()).toEqual({ after: 'c0', ahead: [], passed: 3, pending: 1 });
  progress.end('r1');
  expect(progress.position()).toEqual({ after: 'c3', ahead: [], passed: 1 });
  progress.pass(receipt(4));
  expect(progress.position()).toEqual({ after: 'c4', ahead: [], passed: 0 });
});

it('forgets what it had passed over once its states are widened and it is begun', () => {
  const first = createProgress(START);
  first.begin(receipt(1));
  for (const n of [2, 3, 4]) first.pass(receipt(n));
  const progress = createProgress(first.position());
  progress.begin(receipt(1));
  expect(progress.position()).toMatchObject({ passed: 3, pending: 1 });
  for (const n of [2, 3, 4]) progress.begin(receipt(n));
  expect(progress.position()).toEqual({ after: 'c0', ahead: [], passed: 0 });
  expect(progress.cut({ count: 5, exact: true }, 7)).toEqual({ count: 5, exact: true });
});

it('does not miss what it had passed over before a crash', () => {
  const progress = createProgress({ after: 'c0', ahead: ['r2'], passed: 5 });
  expect(progress.cut({ count: 7, exact: true }, 7)).toEqual({ count: 1, exact: false });
  expect(progress.position()).toMatchObject({ ahead: [], passed: 0 });
  expect(progress.cut({ count: 2, exact: true }, 8)).toEqual({ count: 2, exact: true });
});
