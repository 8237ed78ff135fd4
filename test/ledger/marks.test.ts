import { expect, it } from 'vitest';
import { recall, remember, type SettledMark } from '../../src/ledger/marks.ts';
import type { LedgerMessage, Settlement } from '../../src/ledger/types.ts';
import { grant } from '../policies/grant.ts';
import { SENT } from './harness.ts';

const MESSAGE: LedgerMessage = {
  ...{ id: 'm-1', jobId: 'e2_"x"\n:1', key: 'abcdefghijk', job: 'abcdef', recipient: '@ann' },
  expiresAt: 1_767_225_600_000,
};

function marked(message: Partial<LedgerMessage> = {}, settlement: Partial<Settlement> = {}): SettledMark {
  const given = { ...MESSAGE, ...message };
  const settled: Settlement = { message: given, nonce: 'other', effect: 'delivered', final: SENT };
  return { message: given, grant: grant(), settlement: { ...settled, ...settlement }, at: 12 };
}

it.each([
  [{}, {}],
  [{ campaign: 'spring', uncounted: true as const, meta: '{"a":"b"}', to: '{"userId":1}' }, {}],
  [{}, { platformMessageId: '17', final: { state: 'delivered', reason: 'presumed' } as const }],
])('keeps a delivery as text: %#', (message, settlement) => {
  const mark = marked(message, settlement);
  const kept = remember(mark);
  expect(kept).toBeTypeOf('string');
  const { message: recalled, grant: ofSlot, ...rest } = recall(kept);
  expect(recalled).toEqual(mark.message);
  expect(mark.grant).toMatchObject(ofSlot!);
  expect(rest).toEqual({ settlement: mark.settlement, at: mark.at });
});

it('keeps no marks on the channel, which are not to be written a second time', () => {
  const mark = marked({}, { health: 'up', rest: { reason: 'rate_limited', ms: 1_000 } });
  expect(recall(remember(mark)).settlement).toEqual(marked().settlement);
});

it.each<[Partial<Settlement>]>([
  [{ effect: 'doubt', final: undefined }],
  [{ final: { state: 'suppressed', reason: 'ineligible' }, effect: 'spent', refused: true }],
  [{ stop: { reason: 'credentials' } }],
  [{ failedJob: '7' }],
  [{ foreign: true }],
])('keeps what is more than a delivery as it is: %#', (settlement) => {
  const mark = marked({}, settlement);
  expect(recall(remember(mark))).toBe(mark);
});

it('keeps a delivery whose grant is not known as it is', () => {
  const mark = { ...marked(), grant: undefined };
  expect(recall(remember(mark))).toBe(mark);
});
