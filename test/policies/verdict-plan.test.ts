import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/ledger/types.ts';
import { STOPPED_REST_MS } from '../../src/policies/attempt-plan.ts';
import { causeOf, planVerdict, recorded, type VerdictContext } from '../../src/policies/verdict-plan.ts';

const context = (fields: Partial<VerdictContext> = {}): VerdictContext => ({
  onQuota: 'drop',
  expiresInMs: 1_000_000,
  pickups: 1,
  random: () => 0,
  ...fields,
});
const DELIVERED = { state: 'delivered', reason: 'sent' } as const;

describe('known and duplicate', () => {
  it('repeat what was recorded and ask for no final state', () => {
    expect(planVerdict({ kind: 'known', final: DELIVERED, run: 1, attempts: 2 }, context())).toEqual({
      next: { kind: 'complete', final: DELIVERED },
    });
    expect(planVerdict({ kind: 'duplicate', run: 1 }, context())).toEqual({
      next: { kind: 'complete', final: { state: 'suppressed', reason: 'duplicate' } },
    });
  });

  it('let what died before be dead again, with its own reason', () => {
    expect(recorded({ state: 'dead', reason: 'bad_recipient' })).toMatchObject({
      kind: 'dead',
      reason: 'bad_recipient',
    });
    expect(recorded({ state: 'suppressed', reason: 'quota' })).toEqual({
      kind: 'complete',
      final: { state: 'suppressed', reason: 'quota' },
    });
  });
});

describe('what ends a run', () => {
  it.each(['expired', 'ineligible'] as const)('%s suppresses', (kind) => {
    const final = { state: 'suppressed', reason: kind } as const;
    expect(planVerdict({ kind }, context())).toEqual({ final, next: { kind: 'complete', final } });
  });

  it.each(['exhausted', 'unconfirmed'] as const)('%s is a dead letter', (kind) => {
    expect(planVerdict({ kind }, context())).toEqual({
      final: { state: 'dead', reason: kind },
      next: { kind: 'dead', reason: kind, detail: expect.any(String) },
    });
  });
});

describe('over quota', () => {
  const quota = { kind: 'quota', waitMs: 60_000 } as const;
  const final = { state: 'suppressed', reason: 'quota' } as const;

  it('drops by default', () => {
    expect(planVerdict(quota, context())).toEqual({ final, next: { kind: 'complete', final } });
  });

  it('defers to the next window, and never before it', () => {
    expect(planVerdict(quota, context({ onQuota: 'defer' }))).toEqual({
      next: { kind: 'wait', reason: 'slot_busy', cause: 'quota', delayMs: 60_001 },
    });
    expect(planVerdict(quota, context({ onQuota: 'defer', random: () => 1 })).next).toMatchObject({
      delayMs: 66_001,
    });
  });

  it('drops what expires before that window', () => {
    expect(planVerdict(quota, context({ onQuota: 'defer', expiresInMs: 60_000 }))).toMatchObject({ final });
    expect(planVerdict(quota, context({ onQuota: 'defer', expiresInMs: 60_002 }))).not.toHaveProperty(
      'final',
    );
  });
});

describe('waits', () => {
  it('look again soon at a busy slot, later each time, not beyond the send’s end', () => {
    const busy = { kind: 'busy', waitMs: 3_500, slot: true } as const;
    const delay = (pickups: number) => planVerdict(busy, context({ pickups, random: () => 1 })).next;
    expect(delay(1)).toEqual({ kind: 'wait', reason: 'slot_busy', cause: 'recipient_busy', delayMs: 200 });
    expect(delay(5)).toMatchObject({ delayMs: 3_200 });
    expect(delay(30)).toMatchObject({ delayMs: 3_700 });
    const ends = planVerdict({ ...busy, waitMs: 1_000 }, context({ pickups: 30, random: () => 1 })).next;
    expect(ends).toMatchObject({ delayMs: 1_200 });
  });

  it('come back after the boundary', () => {
    expect(planVerdict({ kind: 'boundary', waitMs: 5_000 }, context())).toEqual({
      next: { kind: 'wait', reason: 'slot_busy', cause: 'window_end', delayMs: 5_001 },
    });
  });

  it('end at the message’s expiry, where it gets its final state', () => {
    const boundary = { kind: 'boundary', waitMs: 5_000 } as const;
    expect(planVerdict(boundary, context({ expiresInMs: 700 })).next).toMatchObject({ delayMs: 700 });
    expect(planVerdict(boundary, context({ expiresInMs: -5 })).next).toMatchObject({ delayMs: 1 });
  });
});

describe('the cause of a wait', () => {
  it('is the one that the plan tells, whatever the reason stands for', () => {
    const busy = { kind: 'busy', waitMs: 900, slot: false } as const;
    expect(planVerdict(busy, context()).next).toMatchObject({ reason: 'slot_busy', cause: 'proof' });
    const waiting: Verdict[] = [
      { kind: 'quota', waitMs: 1 },
      { ...busy, slot: true },
      busy,
      { kind: 'boundary', waitMs: 1 },
      { kind: 'resting', reason: 'rate_limited', cause: 'own_rate', waitMs: 1 },
      { kind: 'stopped', reason: 'paused' },
      { kind: 'paused' },
    ];
    expect(waiting.map(causeOf)).toEqual([
      ...['quota', 'recipient_busy', 'proof', 'window_end', 'own_rate', 'stopped', 'paused_campaign'],
    ]);
    expect(causeOf({ kind: 'expired' })).toBeUndefined();
  });
});

describe('rests', () => {
  it.each([
    ['rate_limited', 'own_rate'],
    ['rate_limited', 'platform_rate'],
    ['breaker_open', 'breaker'],
  ] as const)('%s (%s) rests the channel, at least a moment', (reason, cause) => {
    const resting = { kind: 'resting', reason, cause } as const;
    expect(planVerdict({ ...resting, waitMs: 750 }, context())).toEqual({
      next: { kind: 'rest', reason, cause, delayMs: 750 },
    });
    expect(planVerdict({ ...resting, waitMs: 0 }, context()).next).toMatchObject({ delayMs: 1 });
  });

  it('a stopped channel is looked at again before long', () => {
    expect(planVerdict({ kind: 'stopped', reason: 'credentials' }, context())).toEqual({
      next: { kind: 'rest', reason: 'channel_stopped', cause: 'stopped', delayMs: STOPPED_REST_MS },
    });
  });
});
