import { expect } from 'vitest';
import {
  type Plan,
  type PlanContext,
  planAnswer,
  planAttempt,
  planRelease,
} from '../../../src/policies/attempt-plan.ts';
import type { Flight } from './books.ts';
import { settle as expectedStatus } from './expected-settlement.ts';
import type { Both, Real } from './run.ts';
import type { Setup } from './setup.ts';
import * as time from './time.ts';

export interface SettleHow {
  /** Of the flights that are owed a settlement, from the latest. */
  at: number;
  answerLost: boolean;
  /** Which of the ways there are to end without a request, or without an answer. */
  variant: number;
  /** The client lost the store's answer, and tells it once more. */
  twice: boolean;
}

const random = (): number => 0.5;

/** A worker tells what it knows of its request: perhaps far too late. */
export async function settle(both: Both, real: Real, how: SettleHow): Promise<void> {
  const { model, books } = both;
  const flight = books.owed(model.now).at(-1 - how.at)!;
  const { effect, final, marks } = planOf(both, flight, how);
  const told = { final, ...marks };
  const alone = books.isAlone(flight);
  for (const again of how.twice ? [false, true] : [false]) {
    const settled = await real.lab.settle(real.message(flight.message), flight.grant, effect, told);
    const expected = expectedStatus(model, flight.message, flight.grant.nonce, effect, told);
    expect(settled.status, again ? 'told once more' : 'told').toBe(expected);
    if (again) continue;
    books.settled(flight, { effect, ...told }, settled);
    const failed = ['spent', 'back', 'waived'].includes(effect) && !marks.foreign;
    if (!failed || !alone || settled.status === 'known' || settled.status === 'stale') continue;
    const { slot } = await real.lab.explain(real.message(flight.message));
    expect(slot?.own, 'invariant 3: a known failure without doubt gives its slot back').not.toBe(true);
  }
}

/** By the policies themselves: what the flight's end means. */
function planOf({ model, books }: Both, flight: Flight, { answerLost, variant }: SettleHow): Plan {
  const context = contextOf(model.setup);
  if (flight.grant.kind === 'ask') {
    if (!flight.wrote) return planRelease(false, 1, random);
    if (answerLost) return planAnswer({ kind: 'unsure', detail: '503' }, flight.grant, context);
    const answer = books.found(flight) ? ({ kind: 'found' } as const) : ({ kind: 'not_found' } as const);
    return planAnswer(answer, flight.grant, context);
  }
  if (flight.wrote) return planAttempt(books.outcome(flight, answerLost), flight.grant, context);
  if (variant === 0) return planRelease(false, 1, random);
  const outcome =
    variant === 1
      ? ({ kind: 'failed', reason: 'not_connected', detail: 'refused' } as const)
      : ({ kind: 'rejected', reason: 'bad_request', detail: 'cannot be rendered' } as const);
  return planAttempt(outcome, flight.grant, context);
}

const contextOf = ({ resolution, quota }: Setup): PlanContext => ({
  retry: { attempts: time.ATTEMPTS, baseMs: 1_000, capMs: 60_000 },
  resolution,
  quota: quota !== 'none',
  quietPeriodMs: time.ms(time.QUIET),
  random,
});
