import { DelayedError, type Job, type Queue, RateLimitError, WaitingError } from 'bullmq';
import { MAX_OFFSET_MS, type StoreClock } from '../redis/store-clock.ts';
import type { Verb } from './fold-dispositions.ts';

export interface VerbContext {
  queue: Queue;
  token: string;
  clock: Pick<StoreClock, 'offsetMs'>;
}

/**
 * The only home of BullMQ's verbs. Returns for a completed job and throws BullMQ's own signals for everything else, as its
 * processors must.
 *
 * Nothing here spends a BullMQ attempt: the budget is the ledger's. Should a verb fail (the lock was lost, Redis is
 * away), the job is left where it is: it stalls, is redelivered, and meets its own record.
 */
export async function applyVerb(verb: Verb, job: Job, context: VerbContext): Promise<void> {
  switch (verb.kind) {
    case 'complete':
      return;
    case 'delay':
      return await delay(job, verb.until, context);
    case 'rest':
      await context.queue.rateLimit(expiryMs(verb.delayMs));
      throw new RateLimitError();
    case 'hand_back':
      return await handBack(job, context);
  }
}

async function handBack(job: Job, { token }: VerbContext): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/**
 * BullMQ delays to an instant by its own clock, and to *now* by that clock what it takes for past: days too late where the
 * clock was stepped ahead. Then the job goes back, for a worker whose clock is right. An offset that is tolerated must not shorten
 * a delay, or a repetition would follow at once upon a send in doubt: the job may come up late by it, and never early.
 */
async function delay(job: Job, until: number, context: VerbContext): Promise<never> {
  const aheadMs = Math.max(0, context.clock.offsetMs() ?? 0);
  if (aheadMs > MAX_OFFSET_MS) return await handBack(job, context);
  await job.moveToDelayed(until + aheadMs, context.token);
  throw new DelayedError();
}

/** A day: no rest is longer (`LONGEST_REST` in channel.lua). */
const LONGEST_MS = 24 * 60 * 60 * 1000;

/**
 * As an expiry that Redis takes: a whole number of milliseconds, at least one. Any other would be refused, and the job
 * would stall for what was an error of arithmetic elsewhere.
 */
const expiryMs = (ms: number): number =>
  Number.isNaN(ms) ? 1 : Math.min(Math.max(Math.ceil(ms), 1), LONGEST_MS);

/** Whether BullMQ has to see this error to know what became of the job. */
export const isSignal = (error: unknown): boolean =>
  error instanceof DelayedError || error instanceof RateLimitError || error instanceof WaitingError;

/** Tells BullMQ that the job was moved although it was not: it then stalls and is redelivered to a live worker. */
export const leaveToStall = (): Error => new DelayedError();
