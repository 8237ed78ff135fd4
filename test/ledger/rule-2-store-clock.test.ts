import { describe, expect, it } from 'vitest';
import { newNonce } from '../../src/ledger/names.ts';
import { windowTable } from '../../src/policies/quota-windows.ts';
import { DAY, EXHAUSTED, HOUR, MINUTE, openLab, SECOND, SENT, UNCONFIRMED, useStore } from './harness.ts';

const store = useStore();
const YEARS = 3 * 365 * DAY;

describe('rule 2: the store’s clock', () => {
  it.each([
    ['behind', -YEARS],
    ['ahead', YEARS],
  ])(
    'opens the window that holds the store’s time on a worker whose clock is years %s',
    async (_, offset) => {
      const now = await store.now();
      const days = (around: number) => windowTable({ per: 'day', timeZone: 'UTC' }, around);
      // The store's day must not end under the test.
      const windowsAround = (around: number) =>
        days(around).map((start) => start + ((now % DAY) - 12 * HOUR));
      const lab = await openLab(store, { workerClock: () => now + offset, windowsAround });
      const message = lab.message();
      await lab.grant(message);
      const { slot } = await lab.explain(message);
      expect(Math.abs(slot!.window - (now + 12 * HOUR))).toBeLessThan(MINUTE);
    },
  );

  it('asks for a new table of windows when the store’s time has left the old one', async () => {
    const asked: number[] = [];
    const lab = await openLab(store, {
      lease: 100,
      windowsAround(around) {
        asked.push(around);
        // One window of the length of this test's first part, then a long one.
        return asked.length === 1 ? [around - DAY, around + SECOND] : [around - DAY, around + DAY];
      },
    });
    const opened = await store.now();
    await lab.deliver(lab.message({ to: '1' }), await lab.grant(lab.message({ to: '1' })));
    expect(asked).toHaveLength(1);
    await store.until(opened + SECOND + 1);
    expect(await lab.verdict(lab.message({ to: '2' }))).toMatchObject({ kind: 'granted' });
    expect(asked).toHaveLength(2);
    expect(asked[1]).toBeGreaterThanOrEqual(opened + SECOND);
  });

  it('grants all of a batch once, at their own moments, when the table ran out among them', async () => {
    const now = await store.now();
    const lab = await openLab(store, { interval: 100, workerClock: () => now - YEARS });
    const messages = ['1', '2', '3', '4'].map((to) => lab.message({ to }));
    const grants = await Promise.all(messages.map((message) => lab.grant(message)));
    const moments = grants.map(({ deadlineAt }) => deadlineAt - 10 * SECOND);
    for (const [i, { attempt, waitMs }] of grants.entries()) {
      expect(attempt).toBe(1);
      expect(moments[i]! - moments[0]!).toBe(i * 100);
      expect(Math.abs(waitMs - i * 100)).toBeLessThan(50);
    }
  });

  it('gives no grant whose deadline crosses the window’s end, and says how long until the boundary', async () => {
    const lab = await openLab(store, { windowMs: HOUR, lease: 10 * SECOND });
    await lab.elapse(30 * MINUTE - 5 * SECOND);
    const verdict = await lab.verdict(lab.message());
    expect(verdict).toEqual({ kind: 'boundary', waitMs: expect.any(Number) });
    const { waitMs } = verdict as { waitMs: number };
    expect(waitMs).toBeGreaterThan(3 * SECOND);
    expect(waitMs).toBeLessThanOrEqual(5 * SECOND);
  });

  it('counts the wait for the rate into the deadline that must not cross', async () => {
    const lab = await openLab(store, { windowMs: HOUR, lease: 10 * SECOND, interval: 900 });
    await lab.elapse(30 * MINUTE - 10 * SECOND - 500);
    expect(await lab.verdict(lab.message({ to: '1' }))).toMatchObject({ kind: 'granted' });
    expect(await lab.verdict(lab.message({ to: '2' }))).toMatchObject({ kind: 'boundary' });
  });

  it('frees the recipient exactly at the window’s end', async () => {
    const per = { ms: 400 };
    const windowsAround = (around: number) => windowTable({ per, timeZone: 'UTC' }, around);
    const lab = await openLab(store, { windowsAround, lease: 20 });
    const now = await store.now();
    const end = Math.ceil(now / 400) * 400 + 400;
    await store.until(end - 400);
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.deliver(message, grant);
    await store.until(end - 60);
    const early = await lab.verdict(lab.message());
    const asked = await store.now();
    if (asked < end) expect(early).toMatchObject({ kind: 'quota' });
    await store.until(end);
    // A busy machine may have asked too late to be early: then that one was granted.
    const freed = early.kind === 'granted' ? early : await lab.verdict(lab.message());
    expect(freed).toMatchObject({ kind: 'granted' });
  });

  it('counts a rolling window from the settlement, not from the grant', async () => {
    const lab = await openLab(store, { rolling: DAY, lease: MINUTE });
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.elapse(40 * SECOND);
    await lab.deliver(message, grant);
    await lab.elapse(DAY - 10 * SECOND);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
    await lab.elapse(10 * SECOND);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'granted' });
  });

  it.each([
    ['given up at once', UNCONFIRMED, undefined],
    ['given up later', undefined, UNCONFIRMED],
    ['delivered by a repetition', undefined, SENT],
  ])('holds it as long for one that was settled before its deadline: %s', async (_, atOnce, later) => {
    const lab = await openLab(store, { rolling: HOUR, lease: MINUTE, resolution: 'presume' });
    const message = lab.message();
    const first = await lab.grant(message);
    // The connection broke; what was written may still be on its way, until the deadline.
    await lab.settle(message, first, 'doubt', { final: atOnce });
    if (later === UNCONFIRMED) await lab.settle(message, { nonce: newNonce() }, 'none', { final: later });
    if (later === SENT) await lab.deliver(message, await lab.grant(message));
    const left = await lab.verdict(lab.message());
    expect(left).toMatchObject({ kind: 'quota' });
    expect((left as { waitMs: number }).waitMs).toBeGreaterThan(HOUR + MINUTE - 2 * SECOND);
  });

  it('holds a rolling window for an unknown send from its deadline: it may have arrived as late as that', async () => {
    const lab = await openLab(store, { rolling: HOUR, lease: MINUTE, patience: 2 * HOUR });
    await lab.grant(lab.message());
    await lab.elapse(HOUR + 30 * SECOND);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'busy', slot: true });
    await lab.elapse(31 * SECOND);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'granted' });
  });

  it('expires messages by the store’s time', async () => {
    const now = await store.now();
    const lab = await openLab(store, { workerClock: () => now - YEARS });
    const message = lab.message({ expiresInMs: HOUR });
    await lab.elapse(HOUR);
    expect(await lab.verdict(message)).toEqual({ kind: 'expired' });
  });

  it('sends at `sendAt` by the store’s time, whenever the message comes up', async () => {
    const now = await store.now();
    const lab = await openLab(store, { workerClock: () => now + YEARS });
    const message = lab.message({ sendInMs: HOUR });
    expect(await lab.verdict(message)).toEqual({ kind: 'early', at: message.sendAt });
    expect((await lab.explain(message)).record).toBeNull();
    await lab.elapse(HOUR);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'granted' });
  });

  it('lets an early message expire, and be known', async () => {
    const lab = await openLab(store);
    const message = lab.message({ sendInMs: 2 * HOUR, expiresInMs: HOUR });
    await lab.elapse(HOUR);
    expect(await lab.verdict(message)).toEqual({ kind: 'expired' });
    const late = lab.message({ sendInMs: 2 * HOUR });
    await lab.settle(late, { nonce: newNonce() }, 'none', { final: EXHAUSTED });
    expect(await lab.verdict(late)).toMatchObject({ kind: 'known', final: EXHAUSTED });
  });

  it('lets a delivered message be known although its expiry has come', async () => {
    const lab = await openLab(store);
    const message = lab.message({ expiresInMs: HOUR });
    await lab.deliver(message, await lab.grant(message));
    await lab.elapse(HOUR);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  });
});
