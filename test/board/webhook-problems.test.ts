import { describe, expect, it } from 'vitest';
import type { WebhookStatus } from '../../src/admin/admin.ts';
import { webhookProblemsOf } from '../../src/board/webhook-problems.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const NONE: WebhookStatus = {
  ...{ endpoint: 'crm', state: 'up_to_date', channels: ['kongregate'] },
  ...{ behind: { count: 0, exact: true }, since: null, restingUntil: null, gone: null, missed: null },
};

const waiting = (ms: number, count = 3): Partial<WebhookStatus> => ({
  ...{ since: NOW - ms, behind: { count, exact: true } },
});

const titles = (fields: Partial<WebhookStatus>): [string, string, number | null][] =>
  webhookProblemsOf({ ...NONE, ...fields }, NOW).map(({ title, tone, since }) => [title, tone, since]);

describe('what is wrong with an endpoint of webhooks', () => {
  it('is nothing where it is up to date, or behind for as long as any is', () => {
    expect(titles({})).toEqual([]);
    expect(titles({ state: 'behind', ...waiting(5 * MINUTE - 1) })).toEqual([]);
  });

  it('is that it is behind, and by how much', () => {
    const state = 'behind' as const;
    const behind = { state, ...waiting(5 * MINUTE) };
    expect(titles(behind)).toEqual([['Webhook behind', 'warn', NOW - 5 * MINUTE]]);
    const [found] = webhookProblemsOf({ ...NONE, ...behind }, NOW);
    expect(found).toMatchObject({ subject: 'crm', advice: expect.stringMatching(/^3 receipts wait\. /) });
    const one = webhookProblemsOf({ ...NONE, ...behind, ...waiting(HOUR, 1) }, NOW);
    expect(one[0]?.advice).toMatch(/^1 receipt waits\. /);
    const some = { ...NONE, ...behind, behind: { count: 1_000, exact: false } };
    expect(webhookProblemsOf(some, NOW)[0]?.advice).toMatch(/^At least 1,000 receipts wait\. /);
  });

  it('is that nobody can read how far it is', () => {
    expect(titles({ state: 'unreadable' })).toEqual([['Webhook unreadable', 'bad', null]]);
  });

  it('is that it rests, which matters once it is behind', () => {
    const resting = { state: 'resting' as const, restingUntil: NOW + MINUTE };
    expect(titles({ ...resting, ...waiting(MINUTE) })).toEqual([['Webhook resting', 'note', NOW - MINUTE]]);
    expect(titles({ ...resting, ...waiting(HOUR) })).toEqual([['Webhook resting', 'warn', NOW - HOUR]]);
  });

  it('is that nobody serves it, but not for ever of one that is configured no more', () => {
    const state = 'unserved' as const;
    expect(titles({ state })).toEqual([]);
    expect(titles({ state, ...waiting(MINUTE - 1) })).toEqual([]);
    expect(titles({ state, ...waiting(HOUR) })).toEqual([['Webhook not served', 'warn', NOW - HOUR]]);
    expect(titles({ state, ...waiting(25 * HOUR) })).toEqual([
      ['Webhook not served', 'note', NOW - 25 * HOUR],
    ]);
  });

  it('is that it wants no more, and what it misses, for a day', () => {
    expect(titles({ state: 'gone', gone: NOW - HOUR })).toEqual([['Webhook gone', 'warn', NOW - HOUR]]);
    const missed = (at: number) => ({ missed: { count: 7, exact: true, at } });
    expect(titles(missed(NOW - HOUR))).toEqual([['Webhook misses receipts', 'warn', NOW - HOUR]]);
    expect(titles(missed(NOW - 25 * HOUR))).toEqual([]);
  });
});
