import { describe, expect, it } from 'vitest';
import { openLab, SECOND, SENT, useStore } from './harness.ts';

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

  it.each(['back', 'spent', 'absent'] as const)(
    'does not believe %s of a worker that says so too late',
    async (effect) => {
      const lab = await openLab(store);
      const message = lab.message();
      const grant = await lab.grant(message);
      await lab.elapse(11 * SECOND);
      expect(await lab.settle(message, grant, effect)).toMatchObject({ status: 'stale' });
      expect(await lab.explain(message)).toMatchObject({
        record: { doubt_at: expect.any(Number), attempts: 1 },
        slot: { state: 'h' },
      });
      expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
    },
  );

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
