import { expect, it } from 'vitest';
import { paceOf } from '../../src/admin/pace-now.ts';
import type { Entry } from '../../src/receipts/receipts.ts';

const NOW = 1_800_000_000_000;

const ended = (agoMs: number, state: string): Entry => [
  `${NOW - agoMs}-0`,
  ['v', '1', 'id', `m${agoMs}`, 'state', state, 'at', String(NOW - agoMs)],
];

it('is what ended in the last minute, where all of that was read', () => {
  const entries = [ended(10, 'delivered'), ended(20, 'dead'), ended(50_000, 'delivered')];
  expect(paceOf(entries, NOW, 10)).toEqual({ deliveredPerMinute: 2, endedPerMinute: 3 });
  expect(paceOf([], NOW, 10)).toEqual({ deliveredPerMinute: 0, endedPerMinute: 0 });
});

it('is that of the newest ones, where there were more', () => {
  const entries = [ended(1_000, 'delivered'), ended(2_000, 'suppressed'), ended(3_000, 'delivered')];
  expect(paceOf(entries, NOW, 3)).toEqual({ deliveredPerMinute: 40, endedPerMinute: 60 });
  expect(paceOf([ended(0, 'delivered')], NOW, 1).endedPerMinute).toBe(60_000);
});
