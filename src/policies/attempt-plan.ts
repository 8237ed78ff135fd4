import type { Random } from '../clock.ts';
import type { Effect, Grant, Settlement } from '../ledger/types.ts';
import { type DeadReason, type Disposition, type FinalState, type Outcome, WAIT_CAUSES } from '../outcome.ts';
import type { Answer } from '../platforms/port.ts';
import type { AdmissionPolicy } from './admission.ts';
import { type BackoffPolicy, backoffMs } from './backoff.ts';
import { recheckMs, returnMs } from './waiting.ts';

/** What the outcome of an attempt means for the ledger and for the message. Pure. */
export interface Plan {
  /** The outcome as it is reported. It is not always the platform's: a quota refusal may prove a delivery (rule 6). */
  outcome: Outcome;
  effect: Effect;
  final?: FinalState;
  next: Disposition;
  marks: Pick<Settlement, 'foreign' | 'refused' | 'health' | 'rest' | 'stop'>;
}

export interface PlanContext {
  retry: BackoffPolicy & { attempts: number };
  resolution: AdmissionPolicy['resolution'];
  /** Whether the channel keeps slots. */
  quota: boolean;
  quietPeriodMs: number;
  random: Random;
}

/** How long a stopped channel rests before its workers look again; a resume ends the rest at once. */
export const STOPPED_REST_MS = 5_000;
/** The least wait before a send in doubt is repeated: the platform may still be at work on the first. */
const DOUBT_PAUSE_MS = 1_000;
/** The rest if the platform says "too many" without saying for how long. */
const DEFAULT_REST_MS = 5_000;

export function planAttempt(outcome: Outcome, grant: Grant, context: PlanContext): Plan {
  return resting(planEnd(outcome, grant, context), outcome.restMs);
}

function planEnd(outcome: Outcome, grant: Grant, context: PlanContext): Plan {
  switch (outcome.kind) {
    case 'delivered':
      return delivered(outcome);
    case 'suppressed':
      return refusedForEver(outcome, grant, { state: 'suppressed', reason: outcome.reason });
    case 'rejected':
      return refusedForEver(outcome, grant, { state: 'dead', reason: outcome.reason });
    case 'throttled':
      return throttled(outcome, grant, context);
    case 'failed':
      return failed(outcome, grant, context);
    case 'unknown':
      return unknown(outcome, grant, context);
  }
}

function delivered(outcome: Extract<Outcome, { kind: 'delivered' }>): Plan {
  const final: FinalState = { state: 'delivered', reason: outcome.reason };
  return { outcome, effect: 'delivered', final, next: { kind: 'complete', final }, marks: { health: 'up' } };
}

/** The platform would give the same answer again. If an earlier send is in doubt, that one stays unresolved (rule 5). */
function refusedForEver(
  outcome: Extract<Outcome, { kind: 'suppressed' | 'rejected' }>,
  grant: Grant,
  final: FinalState,
): Plan {
  const marks: Plan['marks'] = {
    health: 'up',
    ...(outcome.kind === 'suppressed' && outcome.reason === 'ineligible' && { refused: true }),
  };
  if (grant.doubt) return { ...dead(outcome, 'doubt', 'unconfirmed'), marks };
  if (final.state !== 'dead') {
    return { outcome, effect: 'spent', final, next: { kind: 'complete', final }, marks };
  }
  return { ...dead(outcome, 'spent', final.reason), marks };
}

function throttled(
  outcome: Extract<Outcome, { kind: 'throttled' }>,
  grant: Grant,
  context: PlanContext,
): Plan {
  const { reason } = outcome;
  const cause = reason === 'rate_limited' ? 'platform_rate' : WAIT_CAUSES[reason][0];
  if (reason === 'quota_refused') return quotaRefused(outcome, grant, context);
  if (outcome.stop) {
    const next: Disposition = { kind: 'rest', reason, cause: 'stopped', delayMs: STOPPED_REST_MS };
    return { outcome, effect: 'waived', next, marks: { health: 'up', stop: { reason: outcome.stop } } };
  }
  if (outcome.messageWaitMs !== undefined) {
    const delayMs = Math.max(1, outcome.messageWaitMs);
    const next: Disposition = { kind: 'wait', reason, cause, delayMs };
    return { outcome, effect: 'waived', next, marks: { health: 'up' } };
  }
  const next: Disposition = { kind: 'rest', reason, cause, delayMs: 0 };
  const plan: Plan = { outcome, effect: 'waived', next, marks: { health: 'up' } };
  return resting(plan, outcome.restMs ?? DEFAULT_REST_MS);
}

/** If the platform asked for a pause, the whole channel rests, and so does this message, whatever the outcome was. */
function resting(plan: Plan, ms: number | undefined): Plan {
  if (ms === undefined) return plan;
  const { next, marks } = plan;
  return {
    ...plan,
    next: 'delayMs' in next ? { ...next, delayMs: Math.max(next.delayMs, ms) } : next,
    marks: { ...marks, rest: { reason: 'rate_limited', ms } },
  };
}

function quotaRefused(
  outcome: Extract<Outcome, { kind: 'throttled' }>,
  grant: Grant,
  { resolution, quota, random }: PlanContext,
): Plan {
  // Rule 6: the refusal of a repeated send proves that the first one arrived, if it can have no other cause.
  if (grant.doubt && resolution === 'presume' && grant.refusalProves)
    return delivered({ kind: 'delivered', reason: 'presumed' });
  // Otherwise the refusal proves nothing, and the platform would repeat it: the doubt cannot be resolved.
  if (grant.doubt) return { ...dead(outcome, 'doubt', 'unconfirmed'), marks: { health: 'up' } };
  const marks: Plan['marks'] = { health: 'up', foreign: true };
  if (!quota) {
    // Without a quota of its own, the channel does not know when to try again.
    const final: FinalState = { state: 'suppressed', reason: 'quota' };
    return { outcome, effect: 'spent', final, next: { kind: 'complete', final }, marks };
  }
  const delayMs = returnMs(0, random);
  const next: Disposition = { kind: 'wait', reason: 'quota_refused', cause: 'quota', delayMs };
  return { outcome, effect: 'waived', next, marks };
}

function failed(outcome: Extract<Outcome, { kind: 'failed' }>, grant: Grant, context: PlanContext): Plan {
  const marks: Plan['marks'] = { health: 'down' };
  if (grant.spent >= context.retry.attempts) {
    return { ...dead(outcome, 'spent', grant.doubt ? 'unconfirmed' : 'exhausted'), marks };
  }
  return { outcome, effect: 'spent', next: retry(grant, context), marks };
}

/** Rule 6. A platform that can be asked is asked after the deadline and the quiet period: only then does "not found" count. */
function unknown(outcome: Extract<Outcome, { kind: 'unknown' }>, grant: Grant, context: PlanContext): Plan {
  const marks: Plan['marks'] = { health: 'down' };
  const { resolution } = context;
  if (resolution === 'confirm') {
    const delayMs = returnMs(grant.leaseMs + context.quietPeriodMs, context.random);
    return { outcome, effect: 'doubt', next: awaitProof(delayMs), marks };
  }
  if (resolution === 'keep' || grant.spent >= context.retry.attempts) {
    return { ...dead(outcome, 'doubt', 'unconfirmed'), marks };
  }
  return { outcome, effect: 'doubt', next: retry(grant, context, DOUBT_PAUSE_MS), marks };
}

/** What the platform's answer about a send in doubt means. */
export function planAnswer(answer: Answer, grant: Grant, context: PlanContext): Plan {
  if (answer.kind === 'found') {
    const { platformMessageId } = answer;
    return delivered({ kind: 'delivered', reason: 'confirmed', platformMessageId });
  }
  if (answer.kind === 'unavailable') {
    const outcome: Outcome = { kind: 'unknown', reason: 'unreadable_answer', detail: answer.detail };
    return { ...dead(outcome, 'doubt', 'unconfirmed'), marks: {} };
  }
  const absent = answer.kind === 'not_found';
  const restMs = answer.kind === 'unsure' ? answer.restMs : undefined;
  const waitMs = absent ? 0 : grant.leaseMs + context.quietPeriodMs;
  const plan: Plan = {
    outcome: { kind: 'throttled', reason: 'slot_busy' },
    effect: absent ? 'absent' : 'doubt',
    next: awaitProof(returnMs(waitMs, context.random)),
    marks: absent ? { health: 'up' } : {},
  };
  return resting(plan, restMs);
}

/**
 * Nothing was sent: the grant is released as if it had never been given.
 * @param late whether too little of the grant was left, because the store was slow: it will hardly be faster now, so the message waits, and
 * longer with each pickup. If not, it goes on at once, here or with another worker
 * @param pickups how often the message was picked up so far, from 1
 */
export function planRelease(late: boolean, pickups: number, random: Random): Plan {
  const delayMs = recheckMs(Number.POSITIVE_INFINITY, pickups, random);
  return {
    outcome: { kind: 'throttled', reason: 'slot_busy' },
    effect: 'back',
    next: late ? { kind: 'wait', reason: 'slot_busy', cause: 'late_grant', delayMs } : { kind: 'hand_back' },
    marks: {},
  };
}

const awaitProof = (delayMs: number): Disposition => ({
  kind: 'wait',
  reason: 'slot_busy',
  cause: 'proof',
  delayMs,
});

const retry = (grant: Grant, { retry: policy, random }: PlanContext, atLeastMs = 0): Disposition => ({
  kind: 'retry',
  delayMs: Math.max(atLeastMs, backoffMs(policy, grant.spent, random)),
});

function dead(outcome: Outcome, effect: Effect, reason: DeadReason): Omit<Plan, 'marks'> {
  const detail = 'detail' in outcome && outcome.detail ? outcome.detail : outcome.kind;
  return { outcome, effect, final: { state: 'dead', reason }, next: { kind: 'dead', reason, detail } };
}
