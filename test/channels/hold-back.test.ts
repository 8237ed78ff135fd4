import { describe, expect, it } from 'vitest';
import { type ChannelHolds, holdBack } from '../../src/channels/hold-back.ts';

const holds = (fields: Partial<ChannelHolds> = {}): ChannelHolds => ({
  stopped: null,
  queuePaused: false,
  resting: null,
  breaker: 'closed',
  probing: false,
  rateAheadMs: 0,
  waits: {},
  campaigns: { states: {}, waiting: 0, underWay: 0, paused: 0 },
  ...fields,
});
const backlog = { due: 285, inHand: 4 };
const open = { reason: 'breaker_open', until: 1 } as const;

describe('what a worker could send', () => {
  it('is all that is due while nothing holds the channel', () => {
    expect(holdBack(holds(), backlog)).toEqual({ ready: 285, waiting: {}, resting: null });
  });

  it.each([
    ['stopped', { stopped: { reason: 'paused', at: 1 } }, null],
    ['stopped', { queuePaused: true }, null],
    ['platform_rate', { resting: { reason: 'rate_limited', until: 1 } }, { reason: 'rate_limited' }],
    ['breaker', { resting: open, breaker: 'open' }, { reason: 'breaker_open' }],
    ['breaker', { breaker: 'half_open', probing: true }, { reason: 'breaker_open' }],
  ] as const)('is nothing while the channel is held (%s: %o)', (cause, fields, resting) => {
    expect(holdBack(holds(fields), backlog)).toEqual({ ready: 0, waiting: { [cause]: 285 }, resting });
  });

  it('is the one message that goes ahead, once a breaker’s rest is over', () => {
    const halfOpen = holds({ breaker: 'half_open' });
    expect(holdBack(halfOpen, backlog)).toEqual({ ready: 1, waiting: { breaker: 284 }, resting: null });
    expect(holdBack(halfOpen, { due: 0, inHand: 0 })).toMatchObject({ ready: 0, waiting: { breaker: 0 } });
  });
});

describe('what messages wait for', () => {
  it('is our own rate, where that is used up ahead: also what workers have in hand', () => {
    expect(holdBack(holds({ rateAheadMs: 900 }), backlog)).toMatchObject({
      ready: 285,
      waiting: { own_rate: 289 },
    });
    expect(holdBack(holds({ rateAheadMs: 100 }), backlog).waiting).toEqual({});
  });

  it('is told of what waits by itself, and of paused campaigns', () => {
    const waits = { quota: { count: 3, since: 1 }, proof: { count: 2, since: 1 } };
    const campaigns = { states: {}, waiting: 9, underWay: 1, paused: 10 };
    expect(holdBack(holds({ waits, campaigns }), backlog).waiting).toEqual({
      quota: 3,
      proof: 2,
      paused_campaign: 10,
    });
  });
});
