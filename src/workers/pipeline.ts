import type { Clock, Random } from '../clock.ts';
import type { Delivery, Entry, Pipeline } from '../jobs/envelope.ts';
import type { ReadContext } from '../jobs/read-message.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Grant, Settled, Verdict } from '../ledger/types.ts';
import type { Disposition } from '../outcome.ts';
import type { AdmissionPolicy } from '../policies/admission.ts';
import {
  type Plan,
  type PlanContext,
  planAnswer,
  planAttempt,
  planRelease,
} from '../policies/attempt-plan.ts';
import { causeOf, paused, planVerdict } from '../policies/verdict-plan.ts';
import { deferralOf, waitOf, withinLife } from '../policies/waiting.ts';
import type { Turns } from '../turns.ts';
import { type AttemptDeps, type Attempted, createAttempts, type ReleaseCause } from './attempt.ts';
import { createAttemptReports } from './attempt-reports.ts';
import { createLastAnswers } from './last-answers.ts';
import type { LateGrantLog } from './late-grant-log.ts';
import type { Place } from './places.ts';
import { createRecheckPacer } from './recheck-pacer.ts';
import { createRenderings, type Rendered } from './renderings.ts';
import { type Concluded, createSettler } from './settler.ts';

export interface PipelineDeps extends Pick<ReadContext, 'definition'>, AttemptDeps {
  resolution: AdmissionPolicy['resolution'];
  ledger: Ledger;
  clock: Clock;
  random: Random;
  /**
   * Called when the platform has left a request unanswered.
   * @param failures how many requests in a row
   * @param opens how often the breaker has opened since the last answer
   * @returns whether the channel rests because of it
   */
  unanswered(failures: number, opens: number): Promise<boolean>;
  /** Called with the policy in force where it is not this worker's. */
  superseded(inForce: string): void;
  /** Logs grants that came too late to be used. */
  lateGrants: LateGrantLog;
  turns: Turns;
}

/** Waits for a worker that supports the newer version. */
const NEWER_VERSION: Disposition = {
  kind: 'wait',
  reason: 'newer_version',
  cause: 'newer_version',
  delayMs: 60_000,
};
/** How often in a row a job may stall. Each time takes a job lock and some seconds. */
export const MAX_STALLS = 5;
const STALLED = `picked up ${MAX_STALLS} times in a row by workers that brought it to no result`;

/**
 * The path of a message through a worker: render → admission → attempt → plan → settlement → disposition. The same for all,
 * whatever job they came in: concurrent messages share script calls.
 */
export function createPipeline(deps: PipelineDeps): Pipeline {
  const { ledger, observer, clock, channel, random } = deps;
  const renderings = createRenderings(deps);
  const attempts = createAttempts(deps);
  const settler = createSettler(deps);
  const pacer = createRecheckPacer(clock);
  const lastAnswers = createLastAnswers();
  const reports = createAttemptReports(deps);
  const planContext: PlanContext = {
    retry: channel.retry,
    resolution: deps.resolution,
    quota: channel.quota !== null,
    quietPeriodMs: channel.quietPeriodMs,
    random,
  };

  function deliver(entry: Entry, answered?: () => void): Promise<Disposition> {
    switch (entry.kind) {
      case 'newer':
        return Promise.resolve(reported(NEWER_VERSION));
      case 'invalid':
        return settler.endInvalid(entry);
      case 'delivery':
        return deliverMessage(entry.delivery, answered);
    }
  }

  async function deliverMessage(delivery: Delivery, answered?: () => void): Promise<Disposition> {
    // A message that crashed several workers, or kept them from renewing their locks, is not tried again.
    if (delivery.stalls >= MAX_STALLS) return ended(delivery, await settler.giveUp(delivery, STALLED));
    const rendering = renderings.of(delivery);
    const rendered = rendering instanceof Promise ? await rendering : rendering;
    const place = attempts.place(delivery);
    function freed(): void {
      place.free();
      answered?.();
    }
    try {
      for (;;) {
        const late = deps.lateGrants.watch();
        place.asked();
        const { verdict, nonce, askedAt } = await ledger.admit(delivery.ledger);
        observer.admitted(channel.name, verdict.kind, causeOf(verdict));
        if (verdict.kind !== 'granted')
          return ended(delivery, await refuse(delivery, verdict, nonce), rendered);
        const { grant } = verdict;
        const due = asRescheduled(delivery, grant);
        const attempted = await attempts.make(due, grant, { askedAt, rendered }, place);
        const { settled, next } = await conclude(due, grant, attempted, freed);
        if (settled.failures > 0 || settled.opens > 0) await restAfter(settled);
        if (attempted.kind !== 'released' || !(await asksAgain(attempted.why, next, { place, late })))
          return ended(delivery, next, rendered);
      }
    } finally {
      place.free();
    }
  }

  /** Whether a message asks for another grant in place of one that was not used: where that one waited in vain for its place, once it has the place. */
  async function asksAgain(
    why: ReleaseCause,
    next: Disposition,
    { place, late }: { place: Place; late: () => void },
  ): Promise<boolean> {
    if (why === 'late') {
      observer.lateGrant(channel.name);
      late();
    }
    const inVain = why === 'called_off' || why === 'too_late';
    return inVain && next.kind === 'hand_back' && (await place.reserve());
  }

  /** Has the channel rest if its platform leaves too many requests unanswered. */
  async function restAfter({ failures, opens }: Settled): Promise<void> {
    if (await deps.unanswered(failures, opens)) deps.places.callOff();
  }

  /** The pickup of a message is over. Its rendering is kept for the next pickup, if there will be one. */
  function ended(delivery: Delivery, next: Disposition, rendered?: Rendered): Disposition {
    if (next.kind === 'complete' || next.kind === 'dead') renderings.forget(delivery);
    else if (rendered !== undefined) renderings.keep(delivery, rendered);
    return reported(next);
  }

  function reported(next: Disposition): Disposition {
    const deferral = deferralOf(next);
    if (deferral) observer.deferred(channel.name, deferral);
    return next;
  }

  function conclude(
    delivery: Delivery,
    grant: Grant,
    attempted: Attempted,
    freed: () => void,
  ): Promise<Concluded> {
    const plan = planAttempted(attempted, grant, delivery, planContext);
    const planned = plan.final ? plan.next : withinLife(plan.next, delivery.expiresAt - clock.now());
    lastAnswers.record(delivery.ref.id, attempted, plan);
    const sent = attempted.kind === 'sent';
    if (sent) reports.attempted({ delivery, grant, plan, next: planned, durationMs: attempted.durationMs });
    const { outcome, effect, final, marks } = plan;
    const platformMessageId = outcome.kind === 'delivered' ? outcome.platformMessageId : undefined;
    const { nonce, keptMs, windowEnd } = grant;
    const settlement = { effect, windowEnd, final, marks, platformMessageId, attempted: sent, keptMs };
    const settling = settler.settle(delivery, nonce, settlement, planned);
    if (holdsUp(plan)) {
      deps.places.callOff();
      // Also what other stores have granted meanwhile: they did not know of it.
      return settling.finally(() => deps.places.callOff());
    }
    // Only a delivery frees the place early: any other outcome may hold up the channel, and has to be written before another
    // message starts.
    if (outcome.kind === 'delivered') freed();
    return settling;
  }

  async function refuse(delivery: Delivery, verdict: Refusal, nonce: string): Promise<Disposition> {
    if (verdict.kind === 'cancelled') settler.reportCancelled(delivery, verdict);
    if (verdict.kind === 'policy_changed') deps.superseded(verdict.inForce);
    const expiresInMs = delivery.expiresAt - clock.now();
    const plan = planVerdict(verdict, {
      onQuota: delivery.message.onQuota ?? 'drop',
      expiresInMs,
      pickups: delivery.pickups,
      random,
    });
    const planned = verdict.kind === 'busy' && verdict.slot ? inLine(plan.next, delivery) : plan.next;
    if (!plan.final && !waitOf(planned, 0, 0)) return planned;
    const settlement = { effect: 'none', final: plan.final, attempted: false } as const;
    const next = lastAnswers.withLastAnswer(delivery.ref.id, planned);
    return (await settler.settle(delivery, nonce, settlement, next)).next;
  }

  /** Paces the rechecks of messages that wait for the same slot. */
  function inLine(next: Disposition, { ledger: { recipient }, expiresAt }: Delivery): Disposition {
    if (next.kind !== 'wait') return next;
    const delayMs = pacer.join(recipient, next.delayMs);
    return withinLife({ ...next, delayMs }, expiresAt - clock.now());
  }

  return {
    deliver,
    pause: (expiresAt) => reported(paused(expiresAt - clock.now())),
    abort: () => attempts.abort(),
  };
}

type Refusal = Exclude<Verdict, { kind: 'granted' }>;

/** A message that was rescheduled is due when its record says, and not when its job does. */
const asRescheduled = (delivery: Delivery, { notBefore }: Grant): Delivery =>
  notBefore === 0
    ? delivery
    : { ...delivery, dueAt: Math.max(Number(delivery.source.enqueuedAt), notBefore) };

/** Whether the whole channel rests because of it. */
const holdsUp = ({ next, marks }: Plan): boolean => next.kind === 'rest' || marks.rest !== undefined;

function planAttempted(
  attempted: Attempted,
  grant: Grant,
  { pickups }: Delivery,
  context: PlanContext,
): Plan {
  switch (attempted.kind) {
    case 'sent':
      return planAttempt(attempted.outcome, grant, context);
    case 'unsendable':
      return { ...planAttempt(attempted.outcome, grant, context), effect: 'back', marks: {} };
    case 'asked':
      return planAnswer(attempted.answer, grant, context);
    case 'released':
      return planRelease(attempted.why === 'late', pickups, context.random);
  }
}
