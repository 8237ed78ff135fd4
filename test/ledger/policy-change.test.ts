import { describe, expect, it } from 'vitest';
import type { QuotaConfig } from '../../src/config/schema.ts';
import { adoptQuota, QuotaChangedError } from '../../src/ledger/policy-change.ts';
import { DAY, HOUR, type Lab, openLab, SECOND, useStore } from './harness.ts';

const store = useStore();
const DAILY: QuotaConfig = { max: 1, per: 'day', timeZone: 'UTC', boundary: 'calendar' };
const WEEKLY: QuotaConfig = { ...DAILY, per: 'week' };
const adopt = (lab: Lab, quota: QuotaConfig | null) => adoptQuota(store.redis, lab.base, lab.channel, quota);

describe('a change of the quota policy', () => {
  it('is taken while no slot is held', async () => {
    const lab = await openLab(store);
    for (const quota of [DAILY, WEEKLY, null, DAILY]) await adopt(lab, quota);
  });

  it.each([
    ['another length', WEEKLY],
    ['another zone', { ...DAILY, timeZone: 'Europe/Berlin' }],
    ['another boundary', { ...DAILY, boundary: 'rolling' as const }],
    ['no quota', null],
  ])('is refused while slots of the old one are held: %s', async (_, changed) => {
    const lab = await openLab(store);
    await adopt(lab, DAILY);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    const refusal = await adopt(lab, changed).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(QuotaChangedError);
    const { slot } = await lab.explain(message);
    expect(String(refusal)).toContain(new Date(slot!.window).toISOString());
    expect(String(refusal)).toContain(`channels.${lab.channel}.quota`);
    await adopt(lab, DAILY);
  });

  it('sees slots in every bucket of a large table', async () => {
    const lab = await openLab(store);
    await adopt(lab, DAILY);
    const messages = Array.from({ length: 400 }, (_, i) => lab.message({ to: `${i}` }));
    const grants = await Promise.all(messages.map(lab.grant));
    await Promise.all(messages.slice(1).map((message, i) => lab.settle(message, grants[i + 1]!, 'spent')));
    expect(await store.redis.keys(`${lab.base}:s:*`)).toHaveLength(1);
    await expect(adopt(lab, WEEKLY)).rejects.toThrow(QuotaChangedError);
  });

  it('is taken once the last window of the old one is over', async () => {
    const lab = await openLab(store, { windowMs: DAY });
    await adopt(lab, DAILY);
    await lab.grant(lab.message());
    await lab.elapse(12 * HOUR - SECOND);
    await expect(adopt(lab, WEEKLY)).rejects.toThrow(QuotaChangedError);
    await lab.elapse(2 * SECOND);
    await adopt(lab, WEEKLY);
    const other = await openLab(store);
    await adopt(other, null);
  });
});
