import { expect, it } from 'vitest';
import { type Books, judge, kept } from '../../demo/verdict.ts';
import type { Receipt } from '../../src/receipts/receipts.ts';

const receipt = (id: string, fields: Partial<Receipt> = {}): Receipt =>
  ({ id, run: 1, state: 'delivered', reason: 'sent', attempts: 1, ...fields }) as Receipt;
const IDS = ['a', 'b', 'c', 'd'];
const dead = (id: string, reason = 'bad_recipient') =>
  receipt(id, { state: 'dead', reason } as Partial<Receipt>);

/** Three of four messages delivered, one dead. */
const books = (fields: Partial<Books> = {}): Books => ({
  enqueued: new Set(IDS),
  replayed: 0,
  receipts: [receipt('a'), receipt('b', { attempts: 2 }), receipt('c'), dead('d')],
  report: { calls: 5, accepted: 3, acceptedMoreThanOnce: 0 },
  ...fields,
});
const own = books();

it('holds when every run has one final state and both sides agree', () => {
  const { promises, tally } = judge('kongregate', own);
  expect(kept(promises)).toBe(true);
  expect(tally).toMatchObject({ finals: 4, delivered: 3, dead: { bad_recipient: 1 }, retried: 1 });
  const replayed = { replayed: 1, receipts: [...own.receipts, receipt('d', { run: 2 })] };
  const after = judge('kongregate', books({ ...replayed, report: { ...own.report, accepted: 4 } }));
  expect(kept(after.promises)).toBe(true);
  expect(after.tally).toMatchObject({ finals: 5, delivered: 4 });
});

it.each([
  ['a message without a final state', { receipts: own.receipts.slice(0, 3) }, 'one_final_state'],
  ['a replay without a final state', { replayed: 1 }, 'one_final_state'],
  ['two final states of one', { receipts: [...own.receipts, dead('d')] }, 'one_final_state'],
  ['a final state of another', { receipts: [...own.receipts.slice(0, 3), dead('x')] }, 'one_final_state'],
  ['a delivery nobody took', { report: { ...own.report, accepted: 2 } }, 'receipts_agree'],
  ['an untold delivery', { report: { ...own.report, accepted: 4 } }, 'receipts_agree'],
  ['a player with two', { report: { ...own.report, acceptedMoreThanOnce: 1 } }, 'nobody_twice'],
] as const)('does not hold for %s', (_, fields, broken) => {
  const { promises } = judge('kongregate', books(fields));
  expect(promises[broken]).toBe(false);
  expect(kept(promises)).toBe(false);
});

it.each(['zulip', 'discourse'] as const)('asks that every message of %s was delivered', (channel) => {
  const all = { receipts: IDS.map((id) => receipt(id)), report: { ...own.report, accepted: 4 } };
  expect(kept(judge(channel, books(all)).promises)).toBe(true);
  const { promises } = judge(channel, own);
  expect(promises).toMatchObject({ one_final_state: true, receipts_agree: true, all_delivered: false });
  expect(kept(promises)).toBe(false);
});

it('lets the unconfirmed have arrived where the platform cannot be asked, and nowhere else', () => {
  const receipts = [receipt('a'), receipt('b'), dead('c', 'unconfirmed'), dead('d', 'unconfirmed')];
  const agrees = (channel: 'usercom' | 'kongregate', accepted: number): boolean =>
    judge(channel, books({ receipts, report: { ...own.report, accepted } })).promises.receipts_agree;
  expect([1, 2, 3, 4, 5].map((accepted) => agrees('usercom', accepted))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(agrees('kongregate', 3)).toBe(false);
});
