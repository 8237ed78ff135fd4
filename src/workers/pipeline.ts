import type { Clock, Random } from '../clock.ts';
import { type Delivery, type QueuedJob, type ReadContext, type ReadJob, readJob } from '../jobs/read-job.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { newNonce } from '../ledger/names.ts';
import type { Grant, LedgerMessage, Settled, Settlement, Verdict } from '../ledger/types.ts';
import type { Disposition, FinalState } from '../outcome.ts';
import type { AdmissionPolicy } from '../policies/admission.ts';
import { type Plan, planAnswer, planAttempt, planRelease } from '../policies/attempt-plan.ts';
import { planVerdict, recorded } from '../policies/verdict-plan.ts';
import type { Turns } from '../turns.ts';
import { type Asked, type AttemptDeps, type Attempted, createAttempts } from './attempt.ts';
import { createCrowds } from './crowds.ts';
import { createLastWords } from './last-words.ts';
import type { LateGrantLog } from './late-grant-log.ts';
import type { MessageRef } from './observer.ts';
import { createRenderings } from './renderings.ts';

/**
 * The way of a message through a worker: read → admission → attempt → plan → settlement → disposition. One path for
 * one message or many: deliveries that run side by side share their script calls.
 */
export interface Pipeline {
  /** Rejects only for infrastructure and bugs; the job then belongs to nobody and comes back by itself. */
  deliver(job: QueuedJob): Promise<Disposition>;
  /** Nothing new leaves from here on; requests under way are aborted. */
  abort(): void;
}

export interface PipelineDeps extends Omit<ReadContext, 'channel'>, AttemptDeps {
  resolution: AdmissionPolicy['resolution'];
  ledger: Ledger;
  clock: Clock;
  random: Random;
  /** Told of requests that the platform left unanswered: failures in a row, and how often the breaker opened since. */
  unanswered(failures: number, opens: number): Promise<void>;
  /** Told of the policy that is in force in place of this worker's. */
  superseded(inForce: string): void;
  /** Told of grants that came too late to be used. */
  lateGrants: LateGrantLog;
  turns: Turns;
}

interface AskedNow extends Asked {
  /** Tells that the grant came too late. */
  late(): void;
}

/** For a worker that reads newer messages to take it. */
const NEWER_VERSION_WAIT_MS = 60_000;
/** After a settlement that came too late: whoever holds the record now decides. */
const STALE_WAIT_MS = 250;

/** As often may a job stall without a result in between. Each time takes a job lock and some seconds. */
const MOST_STALLS = 5;

const letterOf = ({ source }: Delivery, next: Disposition): Settlement['letter'] =>
  next.kind === 'dead' ? { ...source, detail: next.detail } : undefined;

export function createPipeline(deps: PipelineDeps): Pipeline {
  const { ledger, observer, clock, channel, random } = deps;
  const attempts = createAttempts(deps);
  const renderings = createRenderings(deps);
  const crowds = createCrowds(clock);
  const lastWords = createLastWords();
  const planContext = {
    retry: channel.retry,
    resolution: deps.resolution,
    quota: channel.quota !== null,
    quietPeriodMs: channel.quietPeriodMs,
    random,
  };

  async function attempt(delivery: Delivery, grant: Grant, asked: AskedNow): Promise<Disposition> {
    if (grant.kind === 'grant' && grant.attempt === 1 && !grant.doubt) noteWaits(delivery, grant);
    const attempted = await attempts.make(delivery, grant, asked);
    if (attempted.kind === 'released' && !attempted.closing) asked.late();
    const plan = planOf(attempted, grant, delivery.looks);
    const next = withinLife(plan.next, delivery);
    noteWords(delivery, attempted, plan);
    if (attempted.kind === 'sent') {
      observer.attempted({
        message: delivery.ref,
        run: grant.run,
        attempt: grant.attempt,
        maxAttempts: channel.retry.attempts,
        outcome: plan.outcome,
        durationMs: attempted.durationMs,
        next,
      });
      if (plan.marks.foreign && !grant.doubt) observer.unforeseenRefusal(delivery.ref);
    }
    const settled = await ledger.settle({
      message: delivery.ledger,
      nonce: grant.nonce,
      effect: plan.effect,
      final: plan.final,
      letter: letterOf(delivery, next),
      platformMessageId: plan.outcome.kind === 'delivered' ? plan.outcome.platformMessageId : undefined,
      ...plan.marks,
      wait: waitOf(next, delivery),
    });
    if (plan.marks.health === 'down') await deps.unanswered(settled.failures, settled.opens);
    return conclude(delivery.ref, delivery.dueAt, settled, plan.final, next);
  }

  function planOf(attempted: Attempted, grant: Grant, looks: number): Plan {
    switch (attempted.kind) {
      case 'sent':
        return planAttempt(attempted.outcome, grant, planContext);
      case 'unsendable':
        return { ...planAttempt(attempted.outcome, grant, planContext), effect: 'back', marks: {} };
      case 'asked':
        return planAnswer(attempted.answer, grant, planContext);
      case 'released':
        return planRelease(attempted.closing, looks, random);
    }
  }

  async function refuse(
    delivery: Delivery,
    verdict: Exclude<Verdict, { kind: 'granted' }>,
    nonce: string,
  ): Promise<Disposition> {
    const plan = planVerdict(verdict, {
      onQuota: delivery.message.onQuota ?? 'drop',
      expiresInMs: delivery.expiresAt - clock.now(),
      looks: delivery.looks,
      random,
    });
    const planned = verdict.kind === 'busy' && verdict.slot ? inLine(plan.next, delivery) : plan.next;
    const wait = waitOf(planned, delivery);
    if (!plan.final && !wait) return planned;
    const next = withWords(planned, delivery);
    const letter = letterOf(delivery, next);
    const settled = await settleVerdict(delivery.ledger, nonce, plan.final, { wait, letter });
    return conclude(delivery.ref, delivery.dueAt, settled, plan.final, next);
  }

  /** An answer to the message itself says more than one to the question about it. */
  function noteWords({ ref }: Delivery, attempted: Attempted, plan: Plan): void {
    const earlier = lastWords.take(ref.id);
    if (plan.final) return;
    if (attempted.kind === 'sent' && plan.outcome.detail) lastWords.note(ref.id, plan.outcome.detail);
    else if (earlier !== undefined) lastWords.note(ref.id, earlier);
    else if (attempted.kind === 'asked' && attempted.answer.kind === 'unsure') {
      lastWords.note(ref.id, attempted.answer.detail);
    }
  }

  function withWords(next: Disposition, { ref }: Delivery): Disposition {
    if (next.kind !== 'dead') return next;
    const words = lastWords.take(ref.id);
    return words === undefined ? next : { ...next, detail: `${next.detail}; last: ${words}` };
  }

  const settleVerdict = (
    message: LedgerMessage,
    nonce: string,
    final: FinalState | undefined,
    more: Pick<Settlement, 'wait' | 'letter'>,
  ): Promise<Settled> => ledger.settle({ message, nonce, effect: 'none', final, ...more });

  async function bury(invalid: Extract<ReadJob, { kind: 'invalid' }>): Promise<Disposition> {
    const { ref, ledger: message, problem: detail } = invalid;
    const final = { state: 'dead', reason: 'invalid_message' } as const;
    const letter = { ...invalid.source, detail };
    const settled = await settleVerdict(message, newNonce(), final, { letter });
    return conclude(ref, clock.now(), settled, final, { kind: 'dead', reason: final.reason, detail });
  }

  /** A message that took several workers down with it, or kept them from their locks, is not tried again. */
  async function giveUp(delivery: Delivery): Promise<Disposition> {
    const { ref, ledger: message, source, dueAt } = delivery;
    const detail = `taken up ${MOST_STALLS} times in a row by workers that brought it to no result`;
    // Stale: an earlier send of it is in doubt, and that is how it ends.
    for (const reason of ['stalled', 'unconfirmed'] as const) {
      const final = { state: 'dead', reason } as const;
      const letter = { ...source, detail };
      const settled = await settleVerdict(message, newNonce(), final, { letter });
      if (settled.status !== 'stale')
        return conclude(ref, dueAt, settled, final, { kind: 'dead', reason, detail });
    }
    return { kind: 'wait', reason: 'slot_busy', delayMs: STALE_WAIT_MS };
  }

  /** What the ledger made of the plan decides; the one who made the state final tells of it. */
  function conclude(
    ref: MessageRef,
    dueAt: number,
    settled: Settled,
    final: FinalState | undefined,
    next: Disposition,
  ): Disposition {
    if (settled.status === 'first' && final) {
      observer.finished({
        message: ref,
        run: settled.run,
        attempts: settled.attempts,
        final,
        detail: next.kind === 'dead' ? next.detail : undefined,
        latencyMs: Math.max(0, clock.now() - dueAt),
      });
      return next;
    }
    if (settled.status === 'known') return settled.final ? recorded(settled.final) : next;
    if (settled.status === 'stale' || final) {
      return { kind: 'wait', reason: 'slot_busy', delayMs: STALE_WAIT_MS };
    }
    return next;
  }

  function noteWaits(delivery: Delivery, grant: Grant): void {
    const grantedAt = grant.deadlineAt - grant.leaseMs;
    const slotMs = Math.max(0, grantedAt - Number(grant.born));
    observer.waited(channel.name, Math.max(0, grantedAt - delivery.dueAt - slotMs), slotMs);
  }

  /** Behind those who wait for the same slot already. */
  function inLine(next: Disposition, delivery: Delivery): Disposition {
    if (next.kind !== 'wait') return next;
    const delayMs = crowds.join(delivery.ledger.recipient, next.delayMs);
    return withinLife({ ...next, delayMs }, delivery);
  }

  /** A retry must not outlast the message: at its expiry it gets its final state. */
  function withinLife(next: Disposition, delivery: Delivery): Disposition {
    if (next.kind !== 'retry' && next.kind !== 'wait') return next;
    const left = Math.max(1, delivery.expiresAt - clock.now());
    return next.delayMs > left ? { ...next, delayMs: left } : next;
  }

  /** What the gauges are told of a job that will wait in the queue. */
  function waitOf(next: Disposition, delivery: Delivery) {
    if (next.kind !== 'retry' && next.kind !== 'wait') return undefined;
    const kind = next.kind === 'retry' ? ('retry' as const) : ('slot' as const);
    return { kind, untilMs: clock.now() + next.delayMs, since: delivery.dueAt };
  }

  async function route(job: QueuedJob): Promise<Disposition> {
    const read = await deps.turns(() => readJob(job, deps));
    if (read.kind === 'newer') {
      return { kind: 'wait', reason: 'newer_version', delayMs: NEWER_VERSION_WAIT_MS };
    }
    if (read.kind === 'invalid') return bury(read);
    const { delivery } = read;
    if (job.stalls >= MOST_STALLS) return giveUp(delivery);
    const rendered = await renderings.of(job, delivery);
    const now = clock.monotonic();
    const late = deps.lateGrants.watch();
    const { verdict, nonce, askedAt = now } = await ledger.admit(delivery.ledger);
    observer.admitted(channel.name, verdict.kind);
    if (verdict.kind === 'granted') return attempt(delivery, verdict.grant, { askedAt, rendered, late });
    if (verdict.kind === 'policy_changed') deps.superseded(verdict.inForce);
    return refuse(delivery, verdict, nonce);
  }

  return {
    abort: () => attempts.abort(),
    async deliver(job) {
      const next = await route(job);
      if (next.kind === 'complete' || next.kind === 'dead') renderings.forget(job);
      if (next.kind === 'wait' || next.kind === 'rest')
        observer.deferred(channel.name, next.reason, next.delayMs);
      if (next.kind === 'retry') observer.deferred(channel.name, 'retry', next.delayMs);
      return next;
    },
  };
}
