import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import {
  createJobDelivery,
  type JobDelivery,
  type JobDeliveryDeps,
  type PartialJobs,
} from '../../src/jobs/deliver-job.ts';
import { createDispatcher } from '../../src/jobs/dispatcher.ts';
import type { Entry, Envelope, QueuedJob } from '../../src/jobs/envelope.ts';
import { placeOf } from '../../src/jobs/leave.ts';
import type { Disposition } from '../../src/outcome.ts';

const SENT: Disposition = { kind: 'complete', final: { state: 'delivered', reason: 'sent' } };
const RETRY: Disposition = { kind: 'retry', delayMs: 1_000 };
const NOW = 1_700_000_000_000;

/** A job whose messages are named by letters. */
function jobOf(names: string, fields: Partial<QueuedJob> = {}): Envelope {
  const job = { id: 'e1', name: 'messages', text: '', timestamp: NOW, pickups: 1, stalls: 0, ...fields };
  const read = (index: number): Entry => ({
    ...{ kind: 'newer', v: 2, origin: names[index]!, source: { priority: 0 } as never },
  });
  return { job, entries: { length: names.length, read } };
}

interface Seen {
  recounted: number[];
  delivered: string[];
  left: [string, number | undefined][];
}

function deliveryOf(
  becomes: (name: string, seen: Seen) => Disposition | Promise<Disposition>,
  {
    ended = async () => new Set(),
    sending = async () => new Set(),
    ...deps
  }: Partial<JobDeliveryDeps & Pick<PartialJobs, 'ended' | 'sending'>> = {},
): Seen & { delivery: JobDelivery } {
  const seen: Seen = { recounted: [], delivered: [], left: [] };
  const clock = { now: () => NOW, monotonic: systemClock.monotonic };
  const delivery = createJobDelivery({
    dispatcher: createDispatcher({
      concurrency: 2,
      intervalMs: undefined,
      aheadMs: { urgent: 0, bulk: 0 },
      clock,
    }).lane(() => {}),
    pipeline: {
      async deliver(entry) {
        const name = placeOf(entry).origin;
        seen.delivered.push(name);
        return await becomes(name, seen);
      },
      pause: (expiresAt) => ({ kind: 'paused', reason: 'campaign_paused', delayMs: expiresAt - NOW }),
      abort() {},
    },
    pulling: () => true,
    partialJobs: {
      ended,
      sending,
      recount: async (_, messages) => void seen.recounted.push(messages),
      leave: async ({ entry, until }) => seen.left.push([placeOf(entry).origin, until]),
    },
    clock,
    turns: (work) => work(),
    ...deps,
  });
  return { ...seen, delivery };
}

it('lets a message leave that waits by itself, and waits itself for what the channel waits for', async () => {
  const rest: Disposition = { kind: 'rest', reason: 'breaker_open', cause: 'breaker', delayMs: 30_000 };
  const { delivery, delivered, left } = deliveryOf((name) => ({ a: RETRY, b: SENT, c: rest })[name] ?? SENT);
  const next = await delivery.deliver(jobOf('abcde'));
  expect(next).toEqual(expect.arrayContaining([SENT, rest]));
  expect(next).not.toContainEqual(RETRY);
  expect(left).toEqual([['a', NOW + 1_000]]);
  // The rest holds for whatever had not started.
  expect(delivered.length).toBeLessThan(5);
});

it('keeps the only message of a job in it', async () => {
  const { delivery, left } = deliveryOf(() => RETRY);
  expect(await delivery.deliver(jobOf('a'))).toEqual([RETRY]);
  expect(left).toEqual([]);
});

it('asks again for a message that the rate refused, in place', async () => {
  const rest: Disposition = { kind: 'rest', reason: 'rate_limited', cause: 'own_rate', delayMs: 1 };
  const { delivery, delivered } = deliveryOf((name, seen) =>
    seen.delivered.filter((each) => each === name).length === 1 ? rest : SENT,
  );
  expect(await delivery.deliver(jobOf('abc'))).toEqual([SENT, SENT, SENT]);
  expect(delivered.toSorted()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
});

it('passes over what has ended when the job is picked up again, and deals it out when it stalled twice', async () => {
  const ended = async (entries: readonly Entry[]) =>
    new Set(entries.filter((entry) => placeOf(entry).origin === 'b'));
  const again = deliveryOf(() => SENT, { ended });
  expect(await again.delivery.deliver(jobOf('abc', { pickups: 2, stalls: 1 }))).toEqual([SENT, SENT]);
  expect(again.delivered).toEqual(['a', 'c']);
  const stalled = deliveryOf(() => SENT, { ended });
  expect(await stalled.delivery.deliver(jobOf('abc', { pickups: 3, stalls: 2 }))).toEqual([]);
  expect(stalled.left).toEqual([
    ['a', undefined],
    ['c', undefined],
  ]);
  expect(stalled.delivered).toEqual([]);
});

it('fails only when nothing of it is in flight any more', async () => {
  let answer = (): void => {};
  const late = new Promise<Disposition>((resolve) => {
    answer = () => resolve(SENT);
  });
  const { delivery, delivered } = deliveryOf((name) => {
    if (name === 'a') throw new Error('of the store');
    return late;
  });
  let over = false;
  const delivering = delivery.deliver(jobOf('abc')).finally(() => {
    over = true;
  });
  await expect.poll(() => delivered).toEqual(['a', 'b']);
  await new Promise(setImmediate);
  expect(over).toBe(false);
  answer();
  await expect(delivering).rejects.toThrow('of the store');
  expect(delivered).toEqual(['a', 'b']);
});

it('hands back what has not started, and starts nothing while nothing is to be picked up', async () => {
  let answer = (): void => {};
  const late = new Promise<Disposition>((resolve) => {
    answer = () => resolve(SENT);
  });
  const { delivery, delivered, recounted } = deliveryOf(() => late);
  const delivering = delivery.deliver(jobOf('abcd'));
  await expect.poll(() => delivered).toEqual(['a', 'b']);
  delivery.handBack();
  answer();
  const back = { kind: 'hand_back' };
  expect((await delivering).toSorted((a, b) => a.kind.localeCompare(b.kind))).toEqual([
    SENT,
    SENT,
    back,
    back,
  ]);
  expect(recounted).toEqual([2]);
  const paused = deliveryOf(() => SENT, { pulling: () => false });
  expect(await paused.delivery.deliver(jobOf('abc'))).toEqual([back, back, back]);
  expect(paused.delivered).toEqual([]);
});

it('hands a job back at once that was being opened when the others were, whatever the rate', async () => {
  let pulling = true;
  const clock = { now: () => NOW, monotonic: systemClock.monotonic };
  const aheadMs = { urgent: 0, bulk: 0 };
  const { delivery, delivered } = deliveryOf(() => SENT, {
    dispatcher: createDispatcher({ concurrency: 2, intervalMs: 3_600_000, aheadMs, clock }).lane(() => {}),
    pulling: () => pulling,
    async ended() {
      pulling = false;
      delivery.handBack();
      return new Set();
    },
  });
  expect(await delivery.deliver(jobOf('a'))).toEqual([SENT]);
  const back = { kind: 'hand_back' };
  expect(await delivery.deliver(jobOf('bc', { pickups: 2 }))).toEqual([back, back]);
  expect(delivered).toEqual(['a']);
});

it('puts off a job of a paused campaign as it is, less what its worker left in doubt', async () => {
  const campaign = { id: 'spring', created: '1', message: {}, expiresAt: NOW + 9_000, paused: true };
  const later: Disposition = { kind: 'paused', reason: 'campaign_paused', delayMs: 9_000 };
  const sending = async (entries: readonly Entry[]) =>
    new Set(entries.filter((entry) => placeOf(entry).origin === 'b'));
  const first = deliveryOf(() => SENT, { sending });
  expect(await first.delivery.deliver({ ...jobOf('abc'), campaign })).toEqual([later, later, later]);
  const again = deliveryOf(() => SENT, { sending });
  const job = { ...jobOf('abc', { pickups: 2, stalls: 1 }), campaign };
  expect(await again.delivery.deliver(job)).toEqual([later, later]);
  expect(again.left).toEqual([['b', undefined]]);
  expect(again.recounted).toEqual([2]);
  expect([...first.delivered, ...again.delivered]).toEqual([]);
});

it('begins a job of a paused campaign whose messages expire, and what left one: admission decides', async () => {
  const campaign = { id: 'spring', created: '1', message: {}, expiresAt: NOW, paused: true };
  const { delivery } = deliveryOf(() => SENT);
  expect(await delivery.deliver({ ...jobOf('ab'), campaign })).toEqual([SENT, SENT]);
  const job = { ...jobOf('a').job, id: 'c2_a:1' };
  const left = { ...jobOf('a'), job, campaign: { ...campaign, expiresAt: NOW + 1 } };
  expect(await delivery.deliver(left)).toEqual([SENT]);
});
