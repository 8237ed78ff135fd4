import { DelayedError, type Job, type Queue, RateLimitError, WaitingError } from 'bullmq';
import type { Disposition } from '../outcome.ts';
import { MAX_OFFSET_MS, type StoreClock } from '../workers/store-clock.ts';

export interface SettleContext {
  queue: Queue;
  token: string;
  clock: Pick<StoreClock, 'now' | 'offsetMs'>;
}

/**
 * The only home of BullMQ's verbs: turns a disposition into what the queue does with the job. Returns for a completed
 * job and throws BullMQ's own signals for everything else, as its processors must.
 *
 * Nothing here spends a BullMQ attempt: the budget is the ledger's. Should a verb fail (the lock was lost, Redis is
 * away), the job is left where it is: it stalls, comes back, and meets its own record.
 */
export async function settleJob(disposition: Disposition, job: Job, context: SettleContext): Promise<void> {
  const { queue, token, clock } = context;
  switch (disposition.kind) {
    case 'complete':
    // Its dead letter is written: the job is done with like any other.
    case 'dead':
      return;
    case 'retry':
    case 'wait':
      return await delay(job, clock.now() + disposition.delayMs, context);
    case 'schedule':
      return await delay(job, disposition.at, context);
    case 'rest':
      await queue.rateLimit(expiryMs(disposition.delayMs));
      throw new RateLimitError();
    case 'hand_back':
      await job.moveToWait(token);
      throw new WaitingError();
  }
}

/**
 * BullMQ delays to an instant by its own clock, and to *now* by that clock what it takes for past: days too late where the
 * clock was stepped ahead. Then the job goes back to whoever's clock is right. An offset that is tolerated must not shorten
 * a delay, or a repetition would follow at once upon a send in doubt: the job may come up late by it, and never early.
 */
async function delay(job: Job, at: number, { token, clock }: SettleContext): Promise<never> {
  const aheadMs = Math.max(0, clock.offsetMs() ?? 0);
  if (aheadMs > MAX_OFFSET_MS) {
    await job.moveToWait(token);
    throw new WaitingError();
  }
  await job.moveToDelayed(at + aheadMs, token);
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

/** Tells BullMQ that the job was moved although it was not: it then stalls and comes back to whoever is alive. */
export const leaveToStall = (): Error => new DelayedError();
