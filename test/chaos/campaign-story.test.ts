import { describe, expect, it } from 'vitest';
import type { Breach, History } from '../../chaos/breach.ts';
import type { CampaignPlan } from '../../chaos/campaign-plan.ts';
import { campaignStory } from '../../chaos/campaign-story.ts';
import type { CampaignAnswer, CampaignBook } from '../../chaos/campaigns.ts';
import { channelOf } from '../../chaos/channels.ts';
import { check } from '../../chaos/checker.ts';
import { EVERYBODY } from '../../chaos/message-ids.ts';
import type { CampaignEnd, CampaignState } from '../../src/ledger/campaigns.ts';
import { campaignMessageId } from '../../src/ledger/names.ts';
import type { Receipt } from '../../src/receipts/receipts.ts';
import type { SandboxCall } from '../../src/sandbox/index.ts';
import { call, historyOf, receipt, START } from './history.ts';

const CAMPAIGN = 'kongregate-c3';
const PEOPLE = ['21', '22', '23'];
const idFor = (recipient: string): string => campaignMessageId(CAMPAIGN, recipient);

const plan: CampaignPlan = {
  ...{ id: CAMPAIGN, channel: channelOf('kongregate'), atMs: 0, common: {}, delayMs: 0, lifeMs: 90_000 },
  ...{ starts: [{ afterMs: 0 }], orders: [], controls: [] },
  recipients: PEOPLE.map((recipient) => ({ id: idFor(recipient), to: { userId: Number(recipient) } })),
};
const ended = (state: string, reason: string, count: number): CampaignEnd =>
  ({ state, reason, count }) as CampaignEnd;
const sent = ended('delivered', 'sent', 3);

function bookOf(state: Partial<CampaignState> = {}, orders: CampaignAnswer[] = []): CampaignBook {
  const counts = { listed: 3, waiting: 0, underWay: 0, duplicate: 0, ends: [sent], replayed: 0 };
  const kept = { message: {}, created: START, expiresAt: START + 90_000, sendAt: 0, perMinute: 0 };
  return {
    ...{ plan, sendAt: 0, expiresAt: START + 90_000, isComplete: true, told: 3, orders },
    state: { id: CAMPAIGN, state: 'done', open: false, ...kept, ...counts, ...state },
  };
}

const callFor = (recipient: string, at = 0, name = EVERYBODY): SandboxCall => ({
  ...call('', at, 'accepted', recipient),
  content: `This is ${CAMPAIGN} for ${name}`,
});
const receiptFor = (recipient: string, fields: Partial<Receipt> = {}): Receipt =>
  receipt(idFor(recipient), { campaign: CAMPAIGN, ...fields });

const calls = PEOPLE.map((recipient) => callFor(recipient));
const receipts = PEOPLE.map((recipient) => receiptFor(recipient));

function breaches(book: CampaignBook, history: Partial<History> = {}): Breach['kind'][] {
  return campaignStory(historyOf({ calls, receipts, campaigns: [book], ...history })).map(({ kind }) => kind);
}

describe('the counts of a campaign', () => {
  it('are those of its receipts, and leave nothing', () => {
    expect(breaches(bookOf())).toEqual([]);
    expect(breaches(bookOf({ waiting: 1, listed: 4 }))).toContain('miscounted');
    expect(breaches(bookOf({ underWay: 1 }))).toEqual(['miscounted']);
    expect(breaches(bookOf(), { receipts: receipts.slice(1) })).toEqual(['miscounted']);
    const other = [...receipts.slice(1), receiptFor('21', { state: 'suppressed', reason: 'quota' })];
    expect(breaches(bookOf(), { receipts: other })).toEqual(['miscounted']);
    expect(
      breaches(bookOf({ ends: [ended('delivered', 'sent', 2), ended('suppressed', 'quota', 1)] }), {
        receipts: other,
      }),
    ).toEqual([]);
  });

  it('have who was named twice apart', () => {
    expect(breaches(bookOf({ listed: 5, duplicate: 2 }))).toEqual([]);
    expect(breaches(bookOf({ listed: 5 }))).toContain('miscounted');
    expect(breaches({ ...bookOf(), told: 4 })).toEqual(['miscounted']);
    // Somebody of the list is in no job.
    const fewer = bookOf({ listed: 2, ends: [ended('delivered', 'sent', 2)] });
    expect(breaches({ ...fewer, told: 2 }, { receipts: receipts.slice(1) })).toEqual(['miscounted']);
    expect(breaches({ ...fewer, told: 2, isComplete: false }, { receipts: receipts.slice(1) })).toEqual([]);
  });

  it('have replays apart, and every receipt names the campaign', () => {
    const again = [...receipts, receiptFor('21', { run: 2 })];
    expect(breaches(bookOf({ replayed: 1 }), { receipts: again })).toEqual([]);
    expect(breaches(bookOf(), { receipts: again })).toEqual(['miscounted']);
    expect(breaches(bookOf(), { receipts: [...receipts.slice(1), receipt(idFor('21'))] })).toEqual([
      'miscounted',
    ]);
  });
});

describe('a campaign that is held back', () => {
  const order = (
    kind: CampaignAnswer['kind'],
    status: CampaignAnswer['status'],
    at: number,
  ): CampaignAnswer => ({
    ...{ kind, status, askedAt: START + at - 10, answeredAt: START + at },
  });
  const paused = order('pause', 'paused', 1_000);
  const at = (ms: number, fields: Partial<Receipt> = {}) => ({
    calls: [callFor('21', ms), ...calls.slice(1)],
    receipts: [receiptFor('21', fields), ...receipts.slice(1)],
  });

  it('sends nothing but what was in flight', () => {
    expect(breaches(bookOf({}, [paused]), at(3_000))).toEqual([]);
    expect(breaches(bookOf({}, [paused]), at(6_000))).toEqual(['sent_while_held']);
    expect(breaches(bookOf({}, [order('cancel', 'cancelled', 1_000)]), at(60_000))).toEqual([
      'sent_while_held',
    ]);
  });

  it('sends again what is in doubt', () => {
    expect(breaches(bookOf({}, [paused]), at(6_000, { attempts: 2 }))).toEqual([]);
  });

  it('goes on when it is resumed, unless it was cancelled', () => {
    const resumed = order('resume', 'running', 5_500);
    expect(breaches(bookOf({}, [paused, resumed]), at(6_000))).toEqual([]);
    expect(breaches(bookOf({}, [paused, resumed]), at(5_200))).toEqual(['sent_while_held']);
    const cancelled = [order('cancel', 'cancelled', 500), order('resume', 'cancelled', 1_000)];
    expect(breaches(bookOf({}, cancelled), at(6_000))).toContain('sent_while_held');
  });

  it('has messages that end as cancelled only when that was asked', () => {
    const cancelled = receiptFor('21', { state: 'suppressed', reason: 'cancelled', at: START + 1_000 });
    const kinds = (orders: CampaignAnswer[]) =>
      check(historyOf({ receipts: [cancelled], campaigns: [bookOf({}, orders)] })).map(({ kind }) => kind);
    expect(kinds([order('cancel', 'cancelled', 500)])).not.toContain('uncancelled');
    expect(kinds([order('cancel', 'cancelled', 2_000)])).toContain('uncancelled');
    expect(kinds([])).toContain('uncancelled');
  });
});

it('nobody gets the text of somebody else, or gets it twice', () => {
  expect(breaches(bookOf(), { calls: [callFor('21', 0, 'n22')] })).toEqual(['misaddressed']);
  const twice = historyOf({ calls: [callFor('21'), callFor('21', 90_000)] });
  expect(check(twice).map(({ kind }) => kind)).toEqual(['arrived_twice']);
});
