import { expect, it } from 'vitest';
import { balance, kept, type Run } from '../../demo/figures.ts';
import type { RunTally } from '../../demo/receipt-book.ts';

const tally = (fields: Partial<RunTally> = {}): RunTally => ({
  finals: 10,
  delivered: 6,
  presumed: 1,
  confirmed: 0,
  suppressed: { quota: 3 },
  dead: { bad_recipient: 1 },
  retried: 2,
  repeated: 0,
  ...fields,
});

const run = (fields: Partial<RunTally> = {}, started = 10): Run => ({ started, tally: tally(fields) });
const report = { calls: 12, accepted: 6, results: {}, faults: {}, acceptedMoreThanOnce: 0 };

it('holds when every message has one final state and both sides agree', () => {
  const { promises, ...figures } = balance('kongregate', [run(), run()], 0, { ...report, accepted: 12 });
  expect(kept(promises)).toBe(true);
  expect(figures).toMatchObject({ finals: 20, delivered: 12, unconfirmed: 0, platform: { accepted: 12 } });
});

it.each([
  ['a message without a final state', run(), 1, report, 'one_final_state'],
  ['a message lost altogether', run({}, 11), 0, report, 'one_final_state'],
  ['two final states of one', run({ repeated: 1 }), 0, report, 'one_final_state'],
  ['a delivery nobody took', run(), 0, { ...report, accepted: 5 }, 'receipts_agree'],
  ['an untold delivery', run(), 0, { ...report, accepted: 7 }, 'receipts_agree'],
  ['a player with two', run(), 0, { ...report, acceptedMoreThanOnce: 1 }, 'nobody_twice'],
] as const)('does not hold for %s', (_, only, missing, platform, broken) => {
  const { promises } = balance('kongregate', [only], missing, platform);
  expect(promises[broken]).toBe(false);
  expect(kept(promises)).toBe(false);
});

it.each(['zulip', 'discourse'] as const)('asks that every message of %s was delivered', (channel) => {
  const all = { delivered: 10, suppressed: {}, dead: {} };
  const taken = { ...report, accepted: 10 };
  expect(kept(balance(channel, [run(all)], 0, taken).promises)).toBe(true);
  const { promises } = balance(channel, [run()], 0, report);
  expect(promises).toMatchObject({ one_final_state: true, receipts_agree: true, all_delivered: false });
  expect(kept(promises)).toBe(false);
});

it('lets the unconfirmed have arrived where the platform cannot be asked, and nowhere else', () => {
  const doubtful = run({ suppressed: {}, dead: { unconfirmed: 4 } });
  const agrees = (channel: 'usercom' | 'kongregate', accepted: number): boolean =>
    balance(channel, [doubtful], 0, { ...report, accepted }).promises.receipts_agree;
  expect([5, 6, 8, 10, 11].map((accepted) => agrees('usercom', accepted))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(agrees('kongregate', 7)).toBe(false);
});
