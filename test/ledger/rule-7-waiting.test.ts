import { describe, expect, it } from 'vitest';
import { rescheduleMessage } from '../../src/jobs/control.ts';
import { newNonce } from '../../src/ledger/names.ts';
import { EXHAUSTED, HOUR, MINUTE, openLab, SECOND, UNCONFIRMED, useStore } from './harness.ts';

const store = useStore();

describe('rule 7: waiting for another’s send', () => {
  it('waits while it is under way, no longer than its deadline', async () => {
    const lab = await openLab(store, { lease: 10 * SECOND });
    await lab.grant(lab.message());
    const verdict = await lab.verdict(lab.message());
    expect(verdict).toEqual({ kind: 'busy', slot: true, waitMs: expect.any(Number) });
    expect((verdict as { waitMs: number }).waitMs).toBeLessThanOrEqual(10 * SECOND);
  });

  it('spends no attempt and leaves the other’s slot as it is', async () => {
    const lab = await openLab(store);
    const owner = lab.message();
    const other = lab.message();
    await lab.grant(owner);
    await lab.verdict(other);
    expect(await lab.settle(other, { nonce: newNonce() }, 'none')).toMatchObject({
      status: 'open',
      attempts: 0,
    });
    expect((await lab.explain(owner)).slot).toMatchObject({ state: 'h', own: true });
  });

  it('lets the other have the slot after a known failure, and the owner then waits for it', async () => {
    const lab = await openLab(store);
    const owner = lab.message();
    const other = lab.message();
    await lab.settle(owner, await lab.grant(owner), 'spent');
    const grant = await lab.grant(other);
    expect(await lab.verdict(owner)).toMatchObject({ kind: 'busy', slot: true });
    await lab.deliver(other, grant);
    expect(await lab.verdict(owner)).toMatchObject({ kind: 'quota' });
  });

  it('lets the other have the slot of a message that died without having arrived', async () => {
    const lab = await openLab(store);
    const owner = lab.message();
    await lab.settle(owner, await lab.grant(owner), 'spent', { final: EXHAUSTED });
    await lab.grant(lab.message());
  });

  it('does not touch other recipients', async () => {
    const lab = await openLab(store);
    await lab.grant(lab.message({ to: '32' }));
    await lab.grant(lab.message({ to: '33' }));
  });
});

describe('rule 7: sent and taken', () => {
  it('are over quota until the window’s end, and say how long that is', async () => {
    const lab = await openLab(store, { windowMs: HOUR });
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    const verdict = await lab.verdict(lab.message());
    expect(verdict).toEqual({ kind: 'quota', waitMs: expect.any(Number) });
    const { waitMs } = verdict as { waitMs: number };
    expect(waitMs).toBeGreaterThan(29 * MINUTE);
    expect(waitMs).toBeLessThanOrEqual(30 * MINUTE);
    await lab.elapse(waitMs);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'granted' });
  });

  it('an unknown send becomes taken when its owner makes no progress for its patience', async () => {
    const lab = await openLab(store, { resolution: 'confirm', patience: 10 * MINUTE });
    const owner = lab.message();
    await lab.settle(owner, await lab.grant(owner), 'doubt');
    const other = lab.message();
    await lab.elapse(10 * MINUTE - SECOND);
    expect(await lab.verdict(other)).toMatchObject({ kind: 'busy', slot: true });
    expect((await lab.explain(owner)).slot).toMatchObject({ state: 'h' });
    await lab.elapse(2 * SECOND);
    expect(await lab.verdict(other)).toMatchObject({ kind: 'quota' });
    expect((await lab.explain(owner)).slot).toMatchObject({ state: 't', own: true });
  });

  it('so does one whose worker died without a word: patience counts from its deadline', async () => {
    const lab = await openLab(store, { lease: 10 * SECOND, patience: 10 * MINUTE });
    await lab.grant(lab.message());
    const other = lab.message();
    await lab.elapse(10 * MINUTE + 9 * SECOND);
    expect(await lab.verdict(other)).toMatchObject({ kind: 'busy', slot: true });
    await lab.elapse(2 * SECOND);
    expect(await lab.verdict(other)).toMatchObject({ kind: 'quota' });
  });

  it('so does one whose owner died unconfirmed', async () => {
    const lab = await openLab(store);
    const owner = lab.message();
    await lab.settle(owner, await lab.grant(owner), 'doubt', { final: UNCONFIRMED });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
  });

  it('so does one whose owner’s record is gone', async () => {
    const lab = await openLab(store);
    await lab.grant(lab.message());
    await store.redis.del(`${lab.base}:m:0`);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
  });

  it('a slot that others gave up is not sent to any more by its owner: it ends unconfirmed', async () => {
    const lab = await openLab(store, { resolution: 'resend', patience: MINUTE });
    const owner = lab.message();
    await lab.settle(owner, await lab.grant(owner), 'doubt');
    await lab.elapse(2 * MINUTE);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
    expect(await lab.verdict(owner)).toEqual({ kind: 'unconfirmed' });
  });

  it('a foreign use of the slot is taken for everybody, and spends no attempt', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    expect(
      await lab.settle(message, await lab.grant(message), 'waived', { foreign: true, health: 'up' }),
    ).toMatchObject({ status: 'open', attempts: 1 });
    expect((await lab.explain(message)).record).toMatchObject({ attempts: 0, waived: 1 });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 't' });
    expect(await lab.verdict(message)).toMatchObject({ kind: 'quota' });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
  });

  it('a foreign use of a rolling window is counted from now', async () => {
    const lab = await openLab(store, { rolling: HOUR });
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'waived', { foreign: true });
    const verdict = await lab.verdict(lab.message());
    expect((verdict as { waitMs: number }).waitMs).toBeGreaterThan(HOUR - SECOND);
    expect((verdict as { waitMs: number }).waitMs).toBeLessThanOrEqual(HOUR);
  });
});

describe('rule 7: how long a recipient keeps a message waiting', () => {
  const wait = (keptMs?: number) =>
    ({
      cause: keptMs === undefined ? 'retry' : 'quota',
      untilMs: 2e12,
      since: 1,
      ...(keptMs !== undefined && { keptMs }),
    }) as const;

  it('adds up, apart from all else that it waits for, and is told with each grant of the run', async () => {
    const lab = await openLab(store, { windowMs: HOUR });
    const owner = lab.message();
    const grant = await lab.grant(owner);
    expect(grant.keptMs).toBe(0);
    const waiting = lab.message();
    const verdict = { nonce: newNonce() };
    await lab.settle(waiting, verdict, 'none', { wait: wait(1_500) });
    await lab.settle(waiting, { nonce: newNonce() }, 'none', { wait: wait(2_500.4) });
    await lab.settle(waiting, { nonce: newNonce() }, 'none', { wait: wait() });
    await lab.deliver(owner, grant);
    await lab.elapse(30 * MINUTE);
    const first = await lab.grant(waiting);
    expect(first).toMatchObject({ attempt: 1, keptMs: 4_001 });
    await lab.settle(waiting, first, 'spent', { wait: wait() });
    expect(await lab.grant(waiting)).toMatchObject({ attempt: 2, keptMs: 4_001 });
  });

  it('begins anew with another instant to be sent at, and is kept through a doubt and a refusal for the quota', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const message = lab.message();
    await lab.settle(message, { nonce: newNonce() }, 'none', { wait: wait(1_000) });
    expect(await rescheduleMessage(lab.store, message.id, (await store.now()) - 1)).toMatchObject({
      status: 'rescheduled',
    });
    await lab.settle(message, await lab.grant(message), 'waived', { wait: wait(500) });
    const second = await lab.grant(message);
    expect(second).toMatchObject({ attempt: 2, keptMs: 500, notBefore: expect.any(Number) });
    await lab.settle(message, second, 'doubt', { wait: wait() });
    expect(await lab.grant(message)).toMatchObject({ attempt: 3, doubt: true, keptMs: 500 });
  });

  it('makes no record that an earlier version misreads: it takes all from 45 bytes on for those of a doubt', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const bytes = async () => await store.redis.hstrlen(`${lab.base}:m:0`, message.key);
    await lab.settle(message, { nonce: newNonce() }, 'none', { wait: wait(1_000) });
    expect(await bytes()).toBe(42);
    await rescheduleMessage(lab.store, message.id, (await store.now()) - 1);
    expect(await bytes()).toBe(44);
    await lab.settle(message, { nonce: newNonce() }, 'none', { wait: wait(1_000) });
    expect(await bytes()).toBe(55);
    expect(await lab.grant(message)).toMatchObject({ doubt: false, keptMs: 1_000 });
  });

  it('begins anew with a replay', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.settle(message, { nonce: newNonce() }, 'none', { wait: wait(1_000) });
    await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
    expect(await lab.replay(message)).toBe('replayed');
    expect(await lab.grant(message)).toMatchObject({ run: 2, keptMs: 0 });
  });
});
