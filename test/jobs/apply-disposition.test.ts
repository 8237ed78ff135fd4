import { DelayedError, type Job, type Queue, RateLimitError, WaitingError } from 'bullmq';
import { expect, it } from 'vitest';
import { isSignal, settleJob } from '../../src/jobs/apply-disposition.ts';
import type { Disposition } from '../../src/outcome.ts';

const NOW = 1_000_000;
const TOKEN = 'token';
const SENT = { state: 'delivered', reason: 'sent' } as const;

/** What the queue was told, and what BullMQ's worker gets to see. */
async function settle(
  disposition: Disposition,
  aheadMs = 0,
): Promise<{ verbs: unknown[][]; signal: unknown }> {
  const verbs: unknown[][] = [];
  const verb =
    (name: string) =>
    async (...args: unknown[]): Promise<void> =>
      void verbs.push([name, ...args]);
  const job = { moveToDelayed: verb('moveToDelayed'), moveToWait: verb('moveToWait') } as unknown as Job;
  const queue = { rateLimit: verb('rateLimit') } as unknown as Queue;
  const clock = { now: () => NOW, offsetMs: () => aheadMs };
  const context = { queue, token: TOKEN, clock };
  const signal = await settleJob(disposition, job, context).catch((error) => error);
  return { verbs, signal };
}

it.each<[Disposition, unknown[][], unknown]>([
  [{ kind: 'complete', final: SENT }, [], undefined],
  [{ kind: 'dead', reason: 'exhausted', detail: 'x' }, [], undefined],
  [{ kind: 'retry', delayMs: 7 }, [['moveToDelayed', NOW + 7, TOKEN]], DelayedError],
  [{ kind: 'wait', reason: 'slot_busy', delayMs: 7 }, [['moveToDelayed', NOW + 7, TOKEN]], DelayedError],
  [{ kind: 'schedule', at: NOW + 70 }, [['moveToDelayed', NOW + 70, TOKEN]], DelayedError],
  [{ kind: 'rest', reason: 'rate_limited', delayMs: 7 }, [['rateLimit', 7]], RateLimitError],
  [{ kind: 'hand_back' }, [['moveToWait', TOKEN]], WaitingError],
])('$kind: the queue is told, and BullMQ gets a signal of its own', async (disposition, told, kind) => {
  const { verbs, signal } = await settle(disposition);
  expect(verbs).toEqual(told);
  if (kind === undefined) expect(signal).toBeUndefined();
  else expect(signal).toBeInstanceOf(kind);
  expect(signal === undefined || isSignal(signal)).toBe(true);
});

it.each<Disposition>([
  { kind: 'retry', delayMs: 7 },
  { kind: 'wait', reason: 'slot_busy', delayMs: 7 },
  { kind: 'schedule', at: NOW + 70 },
])('$kind: goes back where BullMQ would delay it by a clock that was stepped ahead', async (disposition) => {
  const { verbs, signal } = await settle(disposition, 3 * 86_400_000);
  expect(verbs).toEqual([['moveToWait', TOKEN]]);
  expect(signal).toBeInstanceOf(WaitingError);
});

it.each<Disposition>([
  { kind: 'retry', delayMs: 7 },
  { kind: 'wait', reason: 'slot_busy', delayMs: 7 },
  { kind: 'schedule', at: NOW + 7 },
])('$kind: is not shortened by a clock that is a little ahead', async (disposition) => {
  // BullMQ makes a delay of the instant by its own clock, and promotes by it.
  const { verbs } = await settle(disposition, 1_500);
  expect(verbs).toEqual([['moveToDelayed', NOW + 1_500 + 7, TOKEN]]);
});

it('a clock that is behind delays to the store’s instant all the same', async () => {
  const { verbs } = await settle({ kind: 'schedule', at: NOW + 70 }, -3 * 86_400_000);
  expect(verbs).toEqual([['moveToDelayed', NOW + 70, TOKEN]]);
});

it.each([
  [0, 1],
  [-5, 1],
  [0.2, 1],
  [1_500.25, 1_501],
  [Number.NaN, 1],
  [Number.POSITIVE_INFINITY, 86_400_000],
  [2 ** 60, 86_400_000],
])('a rest of %d ms is told as an expiry that Redis takes', async (delayMs, told) => {
  const { verbs } = await settle({ kind: 'rest', reason: 'rate_limited', delayMs });
  expect(verbs).toEqual([['rateLimit', told]]);
});

it('takes no other error for a signal', () => {
  expect(isSignal(new Error('Missing lock for job'))).toBe(false);
});
