import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../src/admin/explain/explanation.ts';
import { timelineOf } from '../../../src/admin/explain/timeline.ts';
import type { Receipt } from '../../../src/receipts/receipts.ts';
import { at, BASE, JOB, NOW, OPEN } from './facts.ts';

/** It waits after two attempts. */
const WAITING: Facts = { ...BASE, job: { ...JOB, state: 'delayed' }, predicted: null };
const TRIED = { ...OPEN, attempts: 2, since: at(-50) } as const;

const receipt = (fields: Partial<Receipt>): Receipt => ({
  ...{ entry: '1-0', v: 1, id: 'one', run: 1, state: 'dead', reason: 'exhausted', at: at(-40), attempts: 3 },
  ...fields,
});

const told = (facts: Partial<Facts>): [seconds: number, text: string][] =>
  timelineOf({ ...WAITING, ...facts }).map((entry) => [(entry.at - NOW) / 1000, entry.text]);

describe('the timeline of a message', () => {
  it('tells of one that waits for its slot, in the order of time', () => {
    expect(
      told({
        job: { ...WAITING.job!, dueAt: at(30) },
        record: { ...TRIED, doubtSince: at(-20) },
        play: { kind: 'played', at: at(-9_000) },
        slot: { state: 'sent', until: at(40), own: false, owner: 'x', ownerId: 'other' },
        stopped: { reason: 'paused', at: at(-10) },
        resting: { reason: 'rate_limited', until: at(20) },
      }),
    ).toEqual([
      [-9_000, 'its recipient played'],
      [-60, 'it was enqueued'],
      [-50, 'a worker first asked whether it may be sent'],
      [-20, 'an attempt may have arrived: it was sent, and nothing proves what became of it'],
      [-10, 'its channel was stopped (paused)'],
      [20, 'the rest of its channel ends (rate_limited)'],
      [30, 'a worker picks it up again'],
      [40, "its recipient's slot is free again"],
      [86_400, 'it expires: after this it is not sent any more'],
    ]);
  });

  it('tells of every run why it ended, with what the platform said of the last', () => {
    const receipts = [
      receipt({}),
      receipt({
        run: 2,
        state: 'delivered',
        reason: 'sent',
        at: at(-5),
        attempts: 1,
        platformMessageId: '77',
      }),
    ];
    expect(told({ job: null, message: null, receipts })).toEqual([
      [-40, 'it died after 3 attempts: every attempt failed (exhausted)'],
      [
        -5,
        'its replay, run 2, was delivered after 1 attempt: the platform accepted it (sent), message 77 there',
      ],
    ]);
    const letter = {
      reason: 'bad_recipient',
      detail: 'no such user',
      run: 1,
      attempts: 0,
      at: at(-3),
      enqueuedAt: at(-9),
      cut: false,
    } as const;
    expect(told({ job: null, letter })).toEqual([
      [-9, 'it was enqueued'],
      [-3, 'it died without an attempt: the platform refuses its recipient (bad_recipient): no such user'],
    ]);
  });

  it('takes the end from the record where the receipt was cut off, and tells an end once', () => {
    const record = { state: 'suppressed', reason: 'quota', run: 1, attempts: 0, at: at(-4) } as const;
    const end = 'it was suppressed without an attempt: its recipient had a message in this window (quota)';
    expect(told({ job: null, record })).toEqual([[-4, end]]);
    expect(told({ job: null, record, receipts: [receipt({ ...record, reason: 'quota' })] })).toEqual([
      [-4, end],
    ]);
  });

  it('has a replay under way behind the run that died', () => {
    const record = { ...TRIED, state: 'sending', run: 2, since: at(-1), deadline: at(12) } as const;
    expect(told({ record, receipts: [receipt({})] }).slice(1, 4)).toEqual([
      [-40, 'it died after 3 attempts: every attempt failed (exhausted)'],
      [-1, 'its replay, run 2, began'],
      [12, 'without an outcome by then, the attempt in flight counts as unknown'],
    ]);
  });

  it('tells of a schedule once, by the record where it was rescheduled', () => {
    const message = { ...WAITING.message!, sendAt: at(100) };
    const job = { ...WAITING.job!, dueAt: at(100) };
    expect(told({ message, job })[1]).toEqual([100, 'it may be sent from here on, by its sendAt']);
    expect(told({ message, job })).toHaveLength(3);
    const record = { ...TRIED, state: 'enlisted', since: null, rescheduledTo: at(200) } as const;
    expect(told({ message, job: { ...job, dueAt: at(200) }, record })[1]).toEqual([
      200,
      'it may be sent from here on, as it was rescheduled',
    ]);
  });

  it('knows no reason of a newer version', () => {
    const receipts = [receipt({ state: 'suppressed', reason: 'boredom', attempts: 0 })];
    expect(told({ job: null, receipts })[0]![1]).toMatch(
      /a reason .* this version does not know \(boredom\)$/,
    );
  });
});
