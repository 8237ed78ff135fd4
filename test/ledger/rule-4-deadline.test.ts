import { describe, expect, it } from 'vitest';
import { MINUTE, openLab, SECOND, SENT, useStore } from './harness.ts';

const store = useStore();

describe('rule 4: a deadline', () => {
  it('tells how much of the grant is left, the wait for the rate included', async () => {
    const lab = await openLab(store, { interval: 500, lease: 10 * SECOND });
    const [first, second] = await Promise.all([
      lab.grant(lab.message({ to: '1' })),
      lab.grant(lab.message({ to: '2' })),
    ]);
    expect(first).toMatchObject({ waitMs: 0, leaseMs: 10 * SECOND });
    expect(second).toMatchObject({ waitMs: 500, leaseMs: 10 * SECOND + 500 });
  });

  it('is over by the store’s own time, without anybody doing anything', async () => {
    const lab = await openLab(store, { lease: 60 });
    const message = lab.message();
    const { deadlineAt } = await lab.grant(message);
    await store.until(deadlineAt + 1);
    expect((await lab.explain(message)).record).toMatchObject({
      state: 'o',
      doubt_at: deadlineAt,
      lapsed: true,
    });
  });

  it('makes the send unknown, never free: the message itself may only end in doubt', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.grant(message);
    await lab.elapse(11 * SECOND);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 'h' });
  });

  it('keeps another message away from the slot of a send whose deadline has passed', async () => {
    const lab = await openLab(store);
    await lab.grant(lab.message());
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'busy', slot: true });
    await lab.elapse(11 * SECOND);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'busy', slot: true });
  });

  it.each([
    ['back', 0],
    ['waived', 1],
    ['spent', 1],
  ] as const)(
    'believes %s of the send itself, however late: the slot comes back',
    async (effect, attempts) => {
      const lab = await openLab(store);
      const message = lab.message();
      const grant = await lab.grant(message);
      await lab.elapse(MINUTE);
      expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'busy', slot: true });
      expect(await lab.settle(message, grant, effect)).toMatchObject({ status: 'open', attempts });
      expect(await lab.explain(message)).toMatchObject({ record: { doubt_at: 0 }, slot: null });
      await lab.grant(lab.message());
    },
  );

  it('keeps the doubt of an earlier send when a later one is told of too late', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt');
    const second = await lab.grant(message);
    await lab.elapse(MINUTE);
    expect(await lab.settle(message, second, 'spent')).toMatchObject({ status: 'doubt' });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 'h', own: true });
  });

  it('counts a doubt that is told late from the deadline: the send may be as old', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.elapse(MINUTE);
    expect(await lab.settle(message, grant, 'doubt')).toMatchObject({ status: 'doubt' });
    const { record, now } = await lab.explain(message);
    expect(now - Number(record?.['doubt_at'])).toBeGreaterThan(49 * SECOND);
  });

  it.each(['back', 'spent', 'absent'] as const)(
    'does not believe %s of a send that another one followed',
    async (effect) => {
      const lab = await openLab(store, { resolution: 'resend' });
      const message = lab.message();
      const first = await lab.grant(message);
      await lab.elapse(11 * SECOND);
      const second = await lab.grant(message);
      expect(await lab.settle(message, first, effect)).toMatchObject({ status: 'stale' });
      expect(await lab.explain(message)).toMatchObject({
        record: { state: 's', nonce: second.nonce, doubt_at: expect.any(Number) },
        slot: { state: 'h' },
      });
    },
  );

  it('does not believe an earlier send when the one that followed is past its deadline, too', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const message = lab.message();
    const first = await lab.grant(message);
    await lab.elapse(11 * SECOND);
    await lab.grant(message);
    await lab.elapse(11 * SECOND);
    expect(await lab.settle(message, first, 'spent')).toMatchObject({ status: 'stale' });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 'h', own: true });
  });

  it('holds for a question to the platform, too: it can be asked again', async () => {
    const lab = await openLab(store, { resolution: 'confirm', quiet: SECOND });
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt');
    await lab.elapse(12 * SECOND);
    const { verdict } = await lab.admit(message);
    expect(verdict).toMatchObject({ kind: 'granted', grant: { kind: 'ask' } });
    await lab.elapse(10.5 * SECOND);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'busy', slot: false });
    await lab.elapse(SECOND);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'granted', grant: { kind: 'ask', attempt: 1 } });
  });

  it('leaves a send that ended in time as it ended', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    await lab.elapse(11 * SECOND);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  });
});
