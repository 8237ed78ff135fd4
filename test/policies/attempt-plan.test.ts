import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/outcome.ts';
import {
  type Plan,
  type PlanContext,
  planAnswer,
  planAttempt,
  planRelease,
  STOPPED_REST_MS,
} from '../../src/policies/attempt-plan.ts';
import { grant } from './grant.ts';

const RESOLUTIONS = ['confirm', 'presume', 'keep', 'resend'] as const;
const context = (fields: Partial<PlanContext> = {}): PlanContext => ({
  retry: { attempts: 3, baseMs: 5_000, capMs: 60_000 },
  resolution: 'keep',
  quota: true,
  quietPeriodMs: 60_000,
  random: () => 1,
  ...fields,
});

const OUTCOMES = {
  delivered: { kind: 'delivered', reason: 'sent', platformMessageId: '42' },
  ineligible: { kind: 'suppressed', reason: 'ineligible' },
  rejected: { kind: 'rejected', reason: 'bad_recipient', detail: 'no such player' },
  quota_refused: { kind: 'throttled', reason: 'quota_refused' },
  rate_limited: { kind: 'throttled', reason: 'rate_limited', restMs: 7_000 },
  stopped: { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials' },
  text_repeated: { kind: 'throttled', reason: 'text_repeated', messageWaitMs: 300_000 },
  refusal_unclear: { kind: 'throttled', reason: 'refusal_unclear', messageWaitMs: 10_000 },
  failed: { kind: 'failed', reason: 'not_connected', detail: 'refused' },
  unknown: { kind: 'unknown', reason: 'timeout', detail: 'no answer' },
} as const satisfies Record<string, Outcome>;

/** effect → what becomes of the run. */
const summary = ({ effect, final, next }: Plan): string =>
  `${effect} → ${final ? `${final.state}/${final.reason}` : next.kind}`;

type Row = [
  outcome: keyof typeof OUTCOMES,
  doubt: boolean,
  resolution: string,
  last: boolean,
  expected: string,
];

const each = (
  outcome: keyof typeof OUTCOMES,
  expected: (at: { doubt: boolean; resolution: string; last: boolean }) => string,
): Row[] =>
  [false, true].flatMap((doubt) =>
    RESOLUTIONS.flatMap((resolution) =>
      [false, true].map(
        (last): Row => [outcome, doubt, resolution, last, expected({ doubt, resolution, last })],
      ),
    ),
  );

describe('planAttempt: outcome × doubt × resolution × budget', () => {
  it.each<Row>([
    ...each('delivered', () => 'delivered → delivered/sent'),
    ...each('ineligible', ({ doubt }) =>
      doubt ? 'doubt → dead/unconfirmed' : 'spent → suppressed/ineligible',
    ),
    ...each('rejected', ({ doubt }) => (doubt ? 'doubt → dead/unconfirmed' : 'spent → dead/bad_recipient')),
    ...each('quota_refused', ({ doubt, resolution }) => {
      if (!doubt) return 'waived → wait';
      return resolution === 'presume' ? 'delivered → delivered/presumed' : 'doubt → dead/unconfirmed';
    }),
    ...each('rate_limited', () => 'waived → rest'),
    ...each('text_repeated', () => 'waived → wait'),
    ...each('refusal_unclear', () => 'waived → wait'),
    ...each('stopped', () => 'waived → rest'),
    ...each('failed', ({ doubt, last }) => {
      if (!last) return 'spent → retry';
      return doubt ? 'spent → dead/unconfirmed' : 'spent → dead/exhausted';
    }),
    ...each('unknown', ({ resolution, last }) => {
      if (resolution === 'confirm') return 'doubt → wait';
      return resolution === 'keep' || last ? 'doubt → dead/unconfirmed' : 'doubt → retry';
    }),
  ])('%s, doubt %s, %s, last attempt %s: %s', (outcome, doubt, resolution, last, expected) => {
    const plan = planAttempt(
      OUTCOMES[outcome],
      grant({ doubt, attempt: 9, spent: last ? 3 : 2 }),
      context({ resolution: resolution as PlanContext['resolution'] }),
    );
    expect(summary(plan)).toBe(expected);
    if (plan.final?.state === 'dead')
      expect(plan.next).toMatchObject({ kind: 'dead', reason: plan.final.reason });
    else if (plan.final) expect(plan.next).toEqual({ kind: 'complete', final: plan.final });
  });
});

describe('planAttempt: what the channel is told', () => {
  const marks = (outcome: Outcome, doubt = false) => planAttempt(outcome, grant({ doubt }), context()).marks;

  it('every answer closes the breaker, every missing one counts towards it', () => {
    for (const [name, outcome] of Object.entries(OUTCOMES)) {
      const unanswered = name === 'failed' || name === 'unknown';
      expect([name, marks(outcome).health]).toEqual([name, unanswered ? 'down' : 'up']);
      expect(marks(outcome, true).health).toBe(marks(outcome).health);
    }
  });

  it('a refusal for not having played is remembered, also in doubt; others are not', () => {
    expect(marks(OUTCOMES.ineligible)).toEqual({ health: 'up', refused: true });
    expect(marks(OUTCOMES.ineligible, true)).toEqual({ health: 'up', refused: true });
    expect(marks(OUTCOMES.rejected)).toEqual({ health: 'up' });
  });

  it('a quota refusal without doubt means that somebody else used the slot', () => {
    expect(marks(OUTCOMES.quota_refused)).toEqual({ health: 'up', foreign: true });
  });

  it('where no slot is kept a quota refusal ends the run: nothing tells when to come again', () => {
    const plan = planAttempt(OUTCOMES.quota_refused, grant(), context({ quota: false }));
    expect(summary(plan)).toBe('spent → suppressed/quota');
    expect(plan.next.kind).toBe('complete');
    expect(plan.marks).toEqual({ health: 'up', foreign: true });
  });

  it('refused credentials stop the channel', () => {
    expect(marks(OUTCOMES.stopped)).toEqual({ health: 'up', stop: { reason: 'credentials' } });
    expect(planAttempt(OUTCOMES.stopped, grant(), context()).next).toEqual({
      kind: 'rest',
      reason: 'channel_stopped',
      cause: 'stopped',
      delayMs: STOPPED_REST_MS,
    });
  });

  it('tells a rest that the platform asked for from our own pace, and another’s use of the slot from a busy one', () => {
    const { next: rests } = planAttempt(OUTCOMES.rate_limited, grant(), context());
    expect(rests).toMatchObject({ kind: 'rest', reason: 'rate_limited', cause: 'platform_rate' });
    const { next: waits } = planAttempt(OUTCOMES.quota_refused, grant(), context());
    expect(waits).toMatchObject({ kind: 'wait', reason: 'quota_refused', cause: 'quota' });
  });

  it('a rest lasts as long as the platform says, or five seconds', () => {
    expect(marks(OUTCOMES.rate_limited)).toEqual({
      health: 'up',
      rest: { reason: 'rate_limited', ms: 7_000 },
    });
    expect(marks({ kind: 'throttled', reason: 'rate_limited' })).toMatchObject({ rest: { ms: 5_000 } });
  });
});

describe('planAttempt: whatever else is said, a rest that is asked for is kept', () => {
  const rest = { reason: 'rate_limited', ms: 15_000 };
  it.each(Object.entries(OUTCOMES))('%s', (_, outcome) => {
    for (const resolution of RESOLUTIONS) {
      for (const doubt of [false, true]) {
        const asking = { ...outcome, restMs: 15_000 };
        const { next, marks } = planAttempt(
          asking,
          grant({ doubt }),
          context({ resolution, random: () => 0 }),
        );
        expect(marks.rest).toEqual(rest);
        if ('delayMs' in next) expect(next.delayMs).toBeGreaterThanOrEqual(15_000);
      }
    }
  });

  it('also where a question about a doubtful send was not answered', () => {
    const asked = grant({ kind: 'ask', doubt: true });
    expect(planAnswer({ kind: 'unsure', detail: '503', restMs: 15_000 }, asked, context()).marks).toEqual({
      rest,
    });
  });
});

describe('planAttempt: a message that has to wait by itself', () => {
  it('waits as long as it was told, and leaves the channel alone', () => {
    const { next, marks } = planAttempt(OUTCOMES.text_repeated, grant(), context());
    expect(next).toEqual({ kind: 'wait', reason: 'text_repeated', cause: 'text_repeated', delayMs: 300_000 });
    expect(marks).toEqual({ health: 'up' });
  });

  it('never comes back at once', () => {
    const { next } = planAttempt({ ...OUTCOMES.text_repeated, messageWaitMs: 0 }, grant(), context());
    expect(next).toMatchObject({ delayMs: 1 });
  });
});

describe('planAttempt: delays', () => {
  const next = (outcome: Outcome, fields: Partial<PlanContext> = {}, spent = 1) =>
    planAttempt(outcome, grant({ spent }), context(fields)).next;

  it('a failure comes back after the backoff of its attempt', () => {
    expect(next(OUTCOMES.failed)).toEqual({ kind: 'retry', delayMs: 5_000 });
    expect(next(OUTCOMES.failed, {}, 2)).toEqual({ kind: 'retry', delayMs: 10_000 });
    expect(next(OUTCOMES.failed, { random: () => 0 })).toEqual({ kind: 'retry', delayMs: 0 });
  });

  it('a doubtful send is not repeated at once: the platform may still be at work on it', () => {
    expect(next(OUTCOMES.unknown, { resolution: 'resend', random: () => 0 })).toEqual({
      kind: 'retry',
      delayMs: 1_000,
    });
  });

  it('the platform is asked after the deadline and the quiet period', () => {
    const plan = next(OUTCOMES.unknown, { resolution: 'confirm', random: () => 0 });
    expect(plan).toEqual({
      kind: 'wait',
      reason: 'slot_busy',
      cause: 'proof',
      delayMs: 11_500 + 60_000 + 1,
    });
  });

  it('the detail of a dead letter is the platform’s, or the outcome', () => {
    expect(next(OUTCOMES.rejected)).toMatchObject({ detail: 'no such player' });
    expect(planAttempt(OUTCOMES.ineligible, grant({ doubt: true }), context()).next).toMatchObject({
      detail: 'suppressed',
    });
  });
});

describe('planAttempt: the outcome that is told', () => {
  it('is the proof of delivery where a refusal is one', () => {
    const doubtful = grant({ doubt: true, spent: 2 });
    const plan = planAttempt(OUTCOMES.quota_refused, doubtful, context({ resolution: 'presume' }));
    expect(plan.outcome).toEqual({ kind: 'delivered', reason: 'presumed' });
    expect(plan.marks).toEqual({ health: 'up' });
  });

  it('is doubt where the refusal may have another cause', () => {
    const doubtful = grant({ doubt: true, attempt: 2, refusalProves: false });
    const plan = planAttempt(OUTCOMES.quota_refused, doubtful, context({ resolution: 'presume' }));
    expect(plan.outcome).toEqual(OUTCOMES.quota_refused);
    expect(summary(plan)).toBe('doubt → dead/unconfirmed');
  });

  it('is the platform’s own otherwise', () => {
    for (const outcome of Object.values(OUTCOMES)) {
      expect(planAttempt(outcome, grant(), context()).outcome).toEqual(outcome);
    }
  });
});

describe('planAnswer', () => {
  const asked = grant({ kind: 'ask', doubt: true });

  it('found: delivered, confirmed, with the platform’s own id', () => {
    const plan = planAnswer({ kind: 'found', platformMessageId: '7' }, asked, context());
    expect(summary(plan)).toBe('delivered → delivered/confirmed');
    expect(plan.outcome).toMatchObject({ platformMessageId: '7' });
  });

  it('not found: the slot is free, and the message comes back at once', () => {
    const plan = planAnswer({ kind: 'not_found' }, asked, context());
    expect(plan).toMatchObject({
      effect: 'absent',
      next: { kind: 'wait', delayMs: 1 },
      marks: { health: 'up' },
    });
  });

  it('untold: the doubt stays, and the run ends with the reason', () => {
    const plan = planAnswer(
      { kind: 'unavailable', detail: 'may not read' },
      asked,
      context({ random: () => 0 }),
    );
    expect(summary(plan)).toBe('doubt → dead/unconfirmed');
    expect(plan.next).toEqual({ kind: 'dead', reason: 'unconfirmed', detail: 'may not read' });
    expect(plan.marks).toEqual({});
  });

  it('unsure: still in doubt, and asked again after another quiet period', () => {
    const plan = planAnswer({ kind: 'unsure', detail: '502' }, asked, context({ random: () => 0 }));
    expect(plan).toMatchObject({
      effect: 'doubt',
      next: { kind: 'wait', cause: 'proof', delayMs: 71_501 },
      marks: {},
    });
    expect(plan.final).toBeUndefined();
  });
});

describe('planRelease', () => {
  it('gives the grant back, and the message goes on at once unless the grant came late', () => {
    expect(planRelease(false, 1, () => 1)).toMatchObject({
      effect: 'back',
      next: { kind: 'hand_back' },
      marks: {},
    });
    expect(planRelease(true, 1, () => 1)).toMatchObject({
      effect: 'back',
      next: { kind: 'wait', cause: 'late_grant' },
      marks: {},
    });
  });

  it('comes back later each time: a store that answers slowly is not asked all the more', () => {
    const delays = [1, 2, 3, 9].map((pickups) => planRelease(true, pickups, () => 1).next);
    expect(delays).toMatchObject([200, 400, 800, 5_000].map((delayMs) => ({ kind: 'wait', delayMs })));
  });
});
