import { expect, it } from 'vitest';
import { judge, kept } from '../../../src/cli/demo/figures.ts';
import type { RunTally } from '../../../src/cli/demo/receipt-book.ts';

const tally = (fields: Partial<RunTally> = {}): RunTally => ({
  finals: 10,
  delivered: 6,
  presumed: 1,
  suppressed: { quota: 3 },
  dead: { bad_recipient: 1 },
  retried: 2,
  repeated: 0,
  ...fields,
});

const report = { calls: 12, accepted: 6, results: {}, faults: {}, acceptedMoreThanOnce: 0 };

it('holds when every message has one final state and both sides agree', () => {
  expect(kept(judge([{ started: 10, tally: tally() }], 0, report))).toBe(true);
});

it.each([
  ['a message without a final state', [{ started: 10, tally: tally() }], 1, report, 'one_final_state'],
  ['a message lost altogether', [{ started: 11, tally: tally() }], 0, report, 'one_final_state'],
  ['two final states of one', [{ started: 10, tally: tally({ repeated: 1 }) }], 0, report, 'one_final_state'],
  [
    'a delivery nobody took',
    [{ started: 10, tally: tally() }],
    0,
    { ...report, accepted: 5 },
    'receipts_agree',
  ],
  ['an untold delivery', [{ started: 10, tally: tally() }], 0, { ...report, accepted: 7 }, 'receipts_agree'],
  [
    'a player with two',
    [{ started: 10, tally: tally() }],
    0,
    { ...report, acceptedMoreThanOnce: 1 },
    'no_player_twice',
  ],
] as const)('does not hold for %s', (_, runs, missing, platform, broken) => {
  const promises = judge(runs, missing, platform);
  expect(promises[broken]).toBe(false);
  expect(kept(promises)).toBe(false);
});
