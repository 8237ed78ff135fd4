import { describe, expect, it } from 'vitest';
import type { Breach, History } from '../../chaos/breach.ts';
import { check } from '../../chaos/checker.ts';
import { type Control, remembered } from '../../chaos/controls.ts';
import { call, historyOf, receipt, START } from './history.ts';

const ID = 'kongregate-1';
const LIFE_MS = 90_000;

/** Asked at this time after the start, and answered 10 ms later. */
const control = (fields: Partial<Control> = {}, at = 1_000): Control => ({
  ...{ id: ID, kind: 'cancel', status: 'cancelled', wasEnqueued: true },
  ...{ askedAt: START + at, answeredAt: START + at + 10, ...fields },
});
const cancelled = receipt(ID, { state: 'suppressed', reason: 'cancelled', at: START + 1_005, attempts: 0 });

function breaches(controls: readonly Control[], history: Partial<History> = {}): Breach['kind'][] {
  const times = new Map([[ID, { sendAt: START + 5_000, expiresAt: START + LIFE_MS, defers: false }]]);
  const whole = historyOf({ times, controls: new Map([[ID, controls]]), ...history });
  return check(whole).map(({ kind }) => kind);
}

describe('a cancelled message', () => {
  it('is not sent from the answer on', () => {
    expect(breaches([control()], { receipts: [cancelled] })).toEqual([]);
    const refused = call(ID, 6_000, 'daily_limit');
    expect(breaches([control()], { receipts: [cancelled], calls: [refused] })).toEqual(['sent_after_cancel']);
    const earlier = [control({}, 6_000)];
    expect(breaches(earlier, { receipts: [{ ...cancelled, at: START + 6_005 }], calls: [refused] })).toEqual(
      [],
    );
  });

  it('ends as cancelled, and nothing does that nobody asked to cancel', () => {
    expect(breaches([control()])).toEqual(['uncancelled']);
    const dropped = receipt(ID, { state: 'suppressed', reason: 'quota' });
    expect(breaches([control()], { receipts: [dropped] })).toEqual(['uncancelled']);
    expect(breaches([], { receipts: [cancelled] })).toEqual(['uncancelled']);
    expect(breaches([control({}, 2_000)], { receipts: [cancelled] })).toEqual(['uncancelled']);
    expect(breaches([control({ status: 'lost' })], { receipts: [cancelled] })).toEqual([]);
  });

  it('has that end once', () => {
    expect(breaches([control()], { receipts: [cancelled, cancelled] })).toEqual(['two_final_states']);
  });
});

describe('an answer', () => {
  const late = control({ status: 'too_late' });
  const picked = (at: number) => ({ pickups: new Map([[`kongregate ${ID}`, START + at]]) });

  it('is too late for what a worker has in hand, and for what is over', () => {
    expect(breaches([late])).toEqual(['false_answer']);
    expect(breaches([late], picked(900))).toEqual([]);
    expect(breaches([late], picked(9_000))).toEqual(['false_answer']);
    expect(breaches([late], { receipts: [receipt(ID)], calls: [call(ID, 5_500)] })).toEqual([]);
  });

  it('is unknown only for what no producer was told to be in the queue', () => {
    expect(breaches([control({ status: 'unknown' })])).toEqual(['false_answer']);
    const foreign = control({ status: 'unknown', wasEnqueued: false });
    expect(breaches([foreign])).toEqual([]);
    const ended = (at: number) => ({
      receipts: [receipt(ID, { at: START + at })],
      calls: [call(ID, 5_000)],
    });
    expect(breaches([foreign], ended(1_000))).toEqual(['false_answer']);
    // It had no record when the question was looked at, as far as anybody can say.
    expect(breaches([foreign], ended(1_005))).toEqual([]);
  });

  it('refuses only what is beyond its life', () => {
    const refused = (ahead: number) =>
      control({ kind: 'reschedule', status: 'refused', sendAt: START + ahead });
    expect(breaches([refused(LIFE_MS)])).toEqual([]);
    expect(breaches([refused(LIFE_MS - 1)])).toEqual(['false_answer']);
  });
});

describe('a rescheduled message', () => {
  const to = (ahead: number, fields: Partial<Control> = {}, at?: number) =>
    control({ kind: 'reschedule', status: 'rescheduled', sendAt: START + ahead, ...fields }, at);
  const sent = (at: number) => ({ calls: [call(ID, at)] });

  it('is not sent before its new instant, and may be before its old one', () => {
    expect(breaches([to(8_000)], sent(7_999))).toEqual(['early']);
    expect(breaches([to(8_000)], sent(8_000))).toEqual([]);
    expect(breaches([to(2_000)], sent(2_000))).toEqual([]);
    expect(breaches([to(2_000)], sent(1_999))).toEqual(['early']);
  });

  it('is bound by the last', () => {
    expect(breaches([to(8_000), to(3_000, {}, 2_000)], sent(3_000))).toEqual([]);
    expect(breaches([to(3_000), to(8_000, {}, 2_000)], sent(7_000))).toEqual(['early']);
    // Nothing was asked yet when it was sent.
    expect(breaches([to(8_000), to(3_000, {}, 8_500)], sent(7_000))).toEqual(['early']);
  });

  it('may go at either where nobody knows whether it was done', () => {
    const lost = to(2_000, { status: 'lost' });
    expect(breaches([lost], sent(2_000))).toEqual([]);
    expect(breaches([lost], sent(1_500))).toEqual(['early']);
    expect(breaches([to(8_000, { status: 'lost' })], sent(5_000))).toEqual([]);
    expect(breaches([lost, to(8_000, {}, 1_500)], sent(7_000))).toEqual(['early']);
  });
});

it('what the store was made to forget may hold or not', () => {
  const statuses = (at: number) =>
    remembered([control()], [{ at: START + at }])
      .get(ID)
      ?.map(({ status }) => status);
  expect(statuses(2_000)).toEqual(['lost']);
  expect(statuses(-10_000)).toEqual(['cancelled']);
});
