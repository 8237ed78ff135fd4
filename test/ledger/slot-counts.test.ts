import { describe, expect, it } from 'vitest';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { DAY, EXHAUSTED, HOUR, type Lab, openLab, SECOND, SENT, UNCONFIRMED, useStore } from './harness.ts';

const store = useStore();

const counted = async (lab: Lab) => (await readChannelState(lab.store)).slots;

describe('the slots of windows that are open', () => {
  it('are held from the grant, then spent or free, whatever the attempt came to', async () => {
    const lab = await openLab(store);
    const messages = ['1', '2', '3', '4', '5', '6'].map((to) => lab.message({ to }));
    const grants = await Promise.all(messages.map(lab.grant));
    expect(await counted(lab)).toEqual({ held: 6, spent: 0 });
    const [sent, failed, lost, foreign, dead] = messages.map((message, i) => ({
      message,
      grant: grants[i]!,
    }));
    await lab.deliver(sent!.message, sent!.grant);
    await lab.settle(failed!.message, failed!.grant, 'spent');
    await lab.settle(lost!.message, lost!.grant, 'doubt', { final: UNCONFIRMED });
    await lab.settle(foreign!.message, foreign!.grant, 'waived', { foreign: true });
    await lab.settle(dead!.message, dead!.grant, 'spent', { final: EXHAUSTED });
    expect(await counted(lab)).toEqual({ held: 1, spent: 3 });
    await lab.deliver(sent!.message, sent!.grant);
    await lab.grant(failed!.message);
    expect(await counted(lab)).toEqual({ held: 2, spent: 3 });
  });

  it('are spent the same whether or not the settlement tells their window', async () => {
    const lab = await openLab(store);
    const [told, untold] = [lab.message({ to: '1' }), lab.message({ to: '2' })];
    await lab.deliver(told, await lab.grant(told));
    const grant = await lab.grant(untold);
    await lab.settle(untold, grant, 'delivered', { final: SENT, windowEnd: undefined });
    expect(await counted(lab)).toEqual({ held: 0, spent: 2 });
    const { slot } = await lab.explain(told);
    expect(slot).toMatchObject({ state: 's', own: true, window: grant.windowEnd });
    expect((await lab.explain(untold)).slot).toMatchObject({ ...slot, owner: untold.key });
    for (const to of ['1', '2'])
      expect(await lab.verdict(lab.message({ to }))).toMatchObject({ kind: 'quota' });
  });

  it('are spent by their delivery also where the store has lost them', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await store.redis.del(`${lab.base}:s:0`);
    await lab.deliver(message, grant);
    expect((await lab.explain(message)).slot).toMatchObject({ state: 's', own: true });
    expect(await store.redis.pttl(`${lab.base}:s:0`)).toBeGreaterThan(DAY);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
  });

  it('are counted once, however often their owner is granted a send', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const message = lab.message();
    for (let i = 0; i < 3; i += 1) await lab.settle(message, await lab.grant(message), 'doubt');
    expect(await counted(lab)).toEqual({ held: 1, spent: 0 });
  });

  it('are those of the rolling windows as well', async () => {
    const lab = await openLab(store, { rolling: HOUR });
    const [one, other] = [lab.message({ to: '1' }), lab.message({ to: '2' })];
    await lab.deliver(one, await lab.grant(one));
    const grant = await lab.grant(other);
    expect(await counted(lab)).toEqual({ held: 1, spent: 1 });
    await lab.settle(other, grant, 'spent');
    expect(await counted(lab)).toEqual({ held: 0, spent: 1 });
  });

  it('are not those of a window that has ended', async () => {
    const opened = await store.now();
    const ends = opened + 2 * SECOND;
    const windowsAround = () => [opened - SECOND, ends, ends + HOUR, ends + 2 * HOUR];
    const lab = await openLab(store, { windowsAround, lease: SECOND / 2, ahead: 0 });
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    expect(await counted(lab)).toEqual({ held: 0, spent: 1 });
    await store.until(ends);
    expect(await counted(lab)).toEqual({ held: 0, spent: 0 });
    const fields = await store.redis.hkeys(`${lab.base}:channel`);
    expect(fields.filter((field) => field.startsWith('slots:'))).toEqual([]);
    const next = lab.message();
    await lab.grant(next);
    expect(await counted(lab)).toEqual({ held: 1, spent: 0 });
  });

  it('are forgotten however many have ended since the last look', async () => {
    const lab = await openLab(store);
    const channel = `${lab.base}:channel`;
    const ended = Array.from({ length: 10_000 }, (_, i) => `slots:spent:${1_600_000_000_000 + i}`);
    await store.redis.hset(channel, ...ended.flatMap((field) => [field, '1']));
    await lab.grant(lab.message());
    expect(await counted(lab)).toEqual({ held: 1, spent: 0 });
    const fields = await store.redis.hkeys(channel);
    expect(fields.filter((field) => field.startsWith('slots:'))).toHaveLength(1);
  });
});
