import { DelayedError, type Job, type Queue, RateLimitError, WaitingError } from 'bullmq';
import { expect, it } from 'vitest';
import { applyVerb, isSignal } from '../../src/jobs/apply-verb.ts';
import type { Verb } from '../../src/jobs/fold-dispositions.ts';

const NOW = 1_000_000;
const TOKEN = 'token';

/** What the queue was told, and what BullMQ's worker gets to see. */
async function apply(verb: Verb, aheadMs = 0): Promise<{ verbs: unknown[][]; signal: unknown }> {
  const verbs: unknown[][] = [];
  const call =
    (name: string) =>
    async (...args: unknown[]): Promise<void> =>
      void verbs.push([name, ...args]);
  const job = { moveToDelayed: call('moveToDelayed'), moveToWait: call('moveToWait') } as unknown as Job;
  const queue = { rateLimit: call('rateLimit') } as unknown as Queue;
  const clock = { offsetMs: () => aheadMs };
  const context = { queue, token: TOKEN, clock };
  const signal = await applyVerb(verb, job, context).catch((error) => error);
  return { verbs, signal };
}

it.each<[Verb, unknown[][], unknown]>([
  [{ kind: 'complete' }, [], undefined],
  [{ kind: 'delay', until: NOW + 7 }, [['moveToDelayed', NOW + 7, TOKEN]], DelayedError],
  [{ kind: 'rest', delayMs: 7 }, [['rateLimit', 7]], RateLimitError],
  [{ kind: 'hand_back' }, [['moveToWait', TOKEN]], WaitingError],
])('$kind: the queue is told, and BullMQ gets a signal of its own', async (verb, told, kind) => {
  const { verbs, signal } = await apply(verb);
  expect(verbs).toEqual(told);
  if (kind === undefined) expect(signal).toBeUndefined();
  else expect(signal).toBeInstanceOf(kind);
  expect(signal === undefined || isSignal(signal)).toBe(true);
});

it('a job goes back where BullMQ would delay it by a clock that was stepped ahead', async () => {
  const { verbs, signal } = await apply({ kind: 'delay', until: NOW + 7 }, 3 * 86_400_000);
  expect(verbs).toEqual([['moveToWait', TOKEN]]);
  expect(signal).toBeInstanceOf(WaitingError);
});

it('a delay is not shortened by a clock that is a little ahead', async () => {
  // BullMQ makes a delay of the instant by its own clock, and promotes by it.
  const { verbs } = await apply({ kind: 'delay', until: NOW + 7 }, 1_500);
  expect(verbs).toEqual([['moveToDelayed', NOW + 1_500 + 7, TOKEN]]);
});

it('a clock that is behind delays to the store’s instant all the same', async () => {
  const { verbs } = await apply({ kind: 'delay', until: NOW + 70 }, -3 * 86_400_000);
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
  const { verbs } = await apply({ kind: 'rest', delayMs });
  expect(verbs).toEqual([['rateLimit', told]]);
});

it('takes no other error for a signal', () => {
  expect(isSignal(new Error('Missing lock for job'))).toBe(false);
});
