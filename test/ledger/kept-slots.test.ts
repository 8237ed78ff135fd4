import { expect, it } from 'vitest';
import { createKeptSlots, type KeptSlots } from '../../src/ledger/kept-slots.ts';
import type { SettledMark } from '../../src/ledger/marks.ts';

/** More than are forgotten together. */
const MANY = 10_000;
const FORGOTTEN_TOGETHER = 4_096;

const slot = (at: number): SettledMark => ({ at }) as SettledMark;
const instants = (slots: KeptSlots): number[] => slots.all().map((each) => (each as SettledMark).at);

/** Of a message each, settled at 0, 1, 2 … */
function filled(count: number): KeptSlots {
  const slots = createKeptSlots();
  for (let at = 0; at < count; at += 1) slots.keep(`m-${at}`, slot(at));
  return slots;
}

it.each([1, MANY])(
  'keeps of each message what became of it last, in the order in which it did: %d later',
  (later) => {
    const slots = createKeptSlots();
    slots.keep('again', slot(-2));
    slots.keep('once', slot(-1));
    for (let at = 0; at < later; at += 1) slots.keep(`m-${at}`, slot(at));
    slots.keep('again', slot(later));
    expect(slots.get('again')).toEqual(slot(later));
    expect(slots.get('once')).toEqual(slot(-1));
    expect(instants(slots)).toEqual([-1, ...Array.from({ length: later + 1 }, (_, at) => at)]);
  },
);

it('keeps nothing of a message that was deleted, wherever it was kept', () => {
  const slots = filled(MANY);
  slots.keep('m-1', slot(MANY));
  slots.delete('m-1');
  expect(slots.get('m-1')).toBeUndefined();
  expect(slots.all()).toHaveLength(MANY - 1);
});

it.each([5_000, 7_000, 9_999])(
  'forgets the oldest where there are too many, but none of the latest %d',
  (most) => {
    const slots = filled(MANY);
    slots.forget(0, most);
    const left = instants(slots);
    expect(left.length).toBeGreaterThanOrEqual(most);
    expect(left.length).toBeLessThan(most + FORGOTTEN_TOGETHER);
    expect(left).toEqual(Array.from(left, (_, i) => MANY - left.length + i));
  },
);

it.each([10, 5_000, MANY])('forgets what was settled before an instant: %d of them', (since) => {
  const slots = filled(MANY);
  slots.forget(since, MANY);
  expect(instants(slots)).toEqual(Array.from({ length: MANY - since }, (_, i) => since + i));
});
