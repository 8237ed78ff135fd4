import { describe, expect, it } from 'vitest';
import { newNonce } from '../../src/ledger/names.ts';
import type { Grant } from '../../src/ledger/types.ts';
import {
  EXHAUSTED,
  type Lab,
  MINUTE,
  openLab,
  repeating,
  SECOND,
  SENT,
  UNCONFIRMED,
  useStore,
} from './harness.ts';

const store = useStore();

describe('rule 3: a fence', () => {
  it('gives a command that arrives twice the same grant twice, and spends one attempt', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const { verdict } = await lab.ledgerOn(repeating(store.redis)).admit(message);
    expect(verdict).toMatchObject({ kind: 'granted', grant: { attempt: 1, run: 1 } });
    expect((await lab.explain(message)).record).toMatchObject({ attempts: 1, state: 's' });
  });

  it('keeps the moment of a grant that is asked for twice, so that repeated commands cannot burst', async () => {
    const lab = await openLab(store, { interval: 400 });
    await lab.grant(lab.message({ to: '1' }));
    const { verdict } = await lab.ledgerOn(repeating(store.redis)).admit(lab.message({ to: '2' }));
    expect(verdict).toMatchObject({ kind: 'granted' });
    if (verdict.kind !== 'granted') return;
    expect(verdict.grant.waitMs).toBeGreaterThan(300);
    expect(verdict.grant.waitMs).toBeLessThanOrEqual(400);
    expect(verdict.grant.leaseMs).toBeGreaterThan(10 * SECOND + 300);
  });

  it('keeps it also when it has passed by then: those that are asked for again together are no burst', async () => {
    const lab = await openLab(store, { interval: 400 });
    const messages = ['1', '2', '3'].map((to) => lab.message({ to }));
    const nonces = messages.map(newNonce);
    const admitAll = () => Promise.all(messages.map((message, i) => lab.admit(message, nonces[i])));
    await admitAll();
    await lab.elapse(SECOND);
    const waits = (await admitAll()).map(({ verdict }) =>
      verdict.kind === 'granted' ? verdict.grant.waitMs : Number.NaN,
    );
    expect(waits[1]! - waits[0]!).toBeCloseTo(400, -1);
    expect(waits[2]! - waits[1]!).toBeCloseTo(400, -1);
    expect(waits[2]).toBeLessThan(0);
  });

  it('is busy for another nonce of the same message while a send is under way', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    const verdict = await lab.verdict(message);
    expect(verdict).toEqual({ kind: 'busy', slot: false, waitMs: expect.any(Number) });
    expect((await lab.explain(message)).record).toMatchObject({ nonce: grant.nonce, attempts: 1 });
  });

  it('stores the mark before it answers: another worker sees it at once', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const { nonce, deadlineAt } = await lab.grant(message);
    const { record, slot } = await lab.explain(message);
    expect(record).toMatchObject({ state: 's', nonce, deadline: deadlineAt });
    expect(slot).toMatchObject({ state: 'h', own: true });
  });

  it('gives the attempt and the slot back on release', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    expect(await lab.settle(message, await lab.grant(message), 'back')).toMatchObject({
      status: 'open',
      attempts: 0,
    });
    expect(await lab.explain(message)).toMatchObject({ record: { state: 'o' }, slot: null });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'granted', grant: { attempt: 1 } });
  });

  it.each(['back', 'waived', 'spent', 'doubt', 'absent'] as const)(
    'changes nothing when a stranger’s nonce settles as %s',
    async (effect) => {
      const lab = await openLab(store);
      const message = lab.message();
      const grant = await lab.grant(message);
      const before = await lab.explain(message);
      expect(await lab.settle(message, { nonce: newNonce() }, effect, { final: EXHAUSTED })).toMatchObject({
        status: 'stale',
      });
      expect({ ...(await lab.explain(message)), now: 0 }).toEqual({ ...before, now: 0 });
      expect(await lab.deliver(message, grant)).toMatchObject({ status: 'first' });
    },
  );

  it('answers a settlement that arrives twice as the first again, and writes one receipt', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    const ledger = lab.ledgerOn(repeating(store.redis));
    const settlement = { message, nonce: grant.nonce, effect: 'delivered', final: SENT } as const;
    expect(await ledger.settle(settlement)).toMatchObject({
      status: 'first',
      final: SENT,
      run: 1,
      attempts: 1,
    });
    expect(await lab.receipts()).toHaveLength(1);
    expect(await lab.deliver(message, { nonce: newNonce() })).toMatchObject({ status: 'known', final: SENT });
    expect(await lab.receipts()).toHaveLength(1);
  });

  it('does the same for a verdict that arrives twice', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const nonce = newNonce();
    const final = { state: 'suppressed', reason: 'quota' } as const;
    const settled = await lab
      .ledgerOn(repeating(store.redis))
      .settle({ message, nonce, effect: 'none', final });
    expect(settled).toMatchObject({ status: 'first', final });
    expect(await lab.receipts()).toHaveLength(1);
  });

  it('ends nothing by a verdict while a send of the message is under way', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.grant(message);
    const late = { final: { state: 'suppressed', reason: 'expired' } } as const;
    expect(await lab.settle(message, { nonce: newNonce() }, 'none', late)).toMatchObject({ status: 'stale' });
    expect((await lab.explain(message)).record).toMatchObject({ state: 's' });
  });
});

describe('rule 3: delivered by any attempt of the owner wins and sticks', () => {
  const lapsed = async (lab: Lab, message: ReturnType<Lab['message']>): Promise<Grant> => {
    const grant = await lab.grant(message);
    await lab.elapse(11 * SECOND);
    return grant;
  };

  it('after the deadline', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lapsed(lab, message);
    expect(await lab.deliver(message, grant)).toMatchObject({ status: 'first', final: SENT });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 's' });
  });

  it('after another attempt of it began', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const message = lab.message();
    const first = await lapsed(lab, message);
    const second = await lab.grant(message);
    expect(second).toMatchObject({ attempt: 2, doubt: true });
    expect(await lab.deliver(message, first)).toMatchObject({ status: 'first', final: SENT });
    expect(await lab.settle(message, second, 'spent', { final: EXHAUSTED })).toMatchObject({
      status: 'known',
      final: SENT,
    });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 's', own: true });
    expect(await lab.receipts()).toHaveLength(1);
  });

  it('after it was declared dead as unconfirmed, without a second final state', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.settle(message, grant, 'doubt');
    await lab.settle(message, { nonce: newNonce() }, 'none', { final: UNCONFIRMED });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 't' });
    expect(await lab.deliver(message, grant)).toMatchObject({ status: 'known', final: SENT });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 's' });
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
    expect((await lab.receipts()).map(({ state }) => state)).toEqual(['dead']);
  });

  it('and no later failure takes it back', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    for (const effect of ['spent', 'doubt', 'back', 'waived', 'none'] as const) {
      expect(await lab.settle(message, { nonce: newNonce() }, effect, { final: UNCONFIRMED })).toMatchObject({
        status: 'known',
        final: SENT,
      });
    }
    await lab.elapse(MINUTE);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
  });

  it('leaves another’s slot alone: one that was given back and taken by the next message', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.settle(message, grant, 'spent');
    const other = lab.message();
    await lab.grant(other);
    await lab.deliver(message, grant);
    expect((await lab.explain(other)).slot).toMatchObject({ state: 'h', own: true });
  });
});
