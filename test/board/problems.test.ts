import { describe, expect, it } from 'vitest';
import type { ChannelStatus } from '../../src/admin/admin.ts';
import { byUrgency, problemsOf } from '../../src/board/problems.ts';

const NOW = 1_800_000_000_000;

const status = (fields: Partial<ChannelStatus>): ChannelStatus => ({
  ...{ channel: 'kongregate', queue: {}, ready: 0, waiting: {}, oldestAgeSeconds: {}, deadLetters: {} },
  ...{ oldestDeadLetterAgeSeconds: 0, campaignTotals: { states: {}, waiting: 0, underWay: 0, paused: 0 } },
  ...{ breaker: 'closed', slots: undefined, windowEndsAt: undefined, doubts: 0, removedDeadLetters: {} },
  ...{ stopped: null, resting: null, campaigns: [], workers: [{ host: 'a', pid: 1, since: NOW }] },
  ...fields,
});

const titles = (fields: Partial<ChannelStatus>): [string, string, number | null][] =>
  problemsOf(status(fields), NOW).map(({ title, tone, since }) => [title, tone, since]);

describe('what is wrong with a channel', () => {
  it('is nothing where it delivers, or has nothing to deliver', () => {
    expect(titles({})).toEqual([]);
    expect(titles({ workers: [] })).toEqual([]);
    expect(titles({ queue: { ready: 9 }, oldestAgeSeconds: { ready: 299 } })).toEqual([]);
  });

  it('is a stop, since when it is known', () => {
    expect(titles({ stopped: { reason: 'paused', at: NOW - 5 } })).toEqual([['Paused', 'warn', NOW - 5]]);
    expect(titles({ stopped: { reason: 'credentials', at: NOW - 5 } })).toEqual([
      ['Stopped: credentials', 'bad', NOW - 5],
    ]);
    expect(titles({ stopped: { reason: 'queue_paused', at: null } })).toEqual([
      ['Stopped: queue paused', 'bad', null],
    ]);
  });

  it('is that nobody serves it, since the oldest message waits', () => {
    const behind = { queue: { ready: 3 }, oldestAgeSeconds: { ready: 600 } };
    expect(titles({ workers: [], ...behind })).toEqual([['No worker is alive', 'bad', NOW - 600_000]]);
    expect(titles(behind)).toEqual([['Behind', 'warn', NOW - 600_000]]);
  });

  it('is a platform that fails, or asks for a pause', () => {
    const resting = { reason: 'breaker_open', until: NOW + 1 } as const;
    expect(titles({ breaker: 'open', resting })).toEqual([['The platform fails', 'warn', null]]);
    expect(titles({ resting: { reason: 'rate_limited', until: NOW + 1 } })).toEqual([
      ['Resting: rate limited', 'note', null],
    ]);
  });

  it('are dead letters, which press least', () => {
    const found = problemsOf(
      status({ queue: { dead: 2 }, oldestDeadLetterAgeSeconds: 60, stopped: { reason: 'sender', at: null } }),
      NOW,
    );
    expect(found.sort(byUrgency).map(({ title, tone }) => `${title} ${tone}`)).toEqual([
      'Stopped: sender bad',
      '2 dead letters note',
    ]);
  });
});
