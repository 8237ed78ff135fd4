import { DelayedError, type Job, type Queue, RateLimitError, WaitingError } from 'bullmq';
import { MAX_OFFSET_MS, type StoreClock } from '../redis/store-clock.ts';
import type { Verb } from './fold-dispositions.ts';

export interface VerbContext {
  queue: Queue;
  token: string;
  clock: Pick<StoreClock, 'offsetMs'>;
}

/**
 * Applies a verb to a job. The only user of BullMQ's verbs: returns for a completed job and throws BullMQ's signal errors
 * for everything else, as its processors must.
 *
 * No verb spends a BullMQ attempt: the budget is in the ledger. If a verb fails (the lock was lost, Redis is unreachable),
 * the job stalls and is redelivered, and the next worker finds the message's record.
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
 * BullMQ compares the instant with this machine's clock, and delays a past instant to *now* by that clock: days too late if
 * the clock was stepped ahead. In that case hands the job back, for a worker with a correct clock. A tolerated offset must
 * not shorten the delay, or a send in doubt would be repeated too early: so the job may be late by the offset, never early.
 */
async function delay(job: Job, until: number, context: VerbContext): Promise<never> {
  const aheadMs = Math.max(0, context.clock.offsetMs() ?? 0);
  if (aheadMs > MAX_OFFSET_MS) return await handBack(job, context);
  await job.moveToDelayed(until + aheadMs, context.token);
  throw new DelayedError();
}

/** One day: the longest rest (`LONGEST_REST` in channel.lua). */
const LONGEST_MS = 24 * 60 * 60 * 1000;

/**
 * Converts to an expiry that Redis accepts: whole milliseconds, at least one. Redis would refuse any other, and the job
 * would stall because of an arithmetic error elsewhere.
 */
const expiryMs = (ms: number): number =>
  Number.isNaN(ms) ? 1 : Math.min(Math.max(Math.ceil(ms), 1), LONGEST_MS);

/** Whether the error is a signal to BullMQ, which must be rethrown. */
export const isSignal = (error: unknown): boolean =>
  error instanceof DelayedError || error instanceof RateLimitError || error instanceof WaitingError;

/** Tells BullMQ that the job was moved, although it was not. BullMQ then leaves it alone; it stalls, and is redelivered. */
export const leaveToStall = (): Error => new DelayedError();
