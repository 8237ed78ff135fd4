import { describe, expect, it } from 'vitest';
import type { QuotaConfig } from '../../src/config/channel-schema.ts';
import { claimAccount, releaseAccount } from '../../src/ledger/account.ts';
import { policyText, type SlotPolicy } from '../../src/policies/quota-change.ts';
import { accountKey } from '../../src/redis/keys.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { storesOn } from '../../src/redis/stores.ts';
import { AccountTakenError, takeAccount } from '../../src/workers/account-claim.ts';
import { takePolicy } from '../../src/workers/policy-change.ts';
import { DAY, HOUR, type Lab, MINUTE, openLab, useStore } from '../ledger/harness.ts';

const store = useStore();
const DAILY: QuotaConfig = { max: 1, per: 'day', timeZone: 'UTC', boundary: 'calendar' };
const POLICY = { quota: DAILY, addressing: 'userId' };
let accounts = 0;

/** A channel that speaks for an account of the test's own, and the same account under other names. */
async function openAccount() {
  const lab = await openLab(store, { windowMs: DAY });
  const text = policyText(POLICY);
  await store.redis.set(`${lab.base}:policy`, text);
  lab.relyOn(text);
  const key = accountKey(`test-${++accounts}`);
  const as = (channel: string) => ({ key, channel });
  const take = (channel: string, quota: QuotaConfig | null = DAILY, beforeMove = async () => {}) =>
    takeAccount({
      beforeMove,
      ...{ stores: storesOn(store.redis), account: as(channel), policy: { ...POLICY, quota } },
    });
  await take(lab.channel);
  return { lab, as, take, leave: () => releaseAccount(store.redis, as(lab.channel)), key };
}

const send = async (lab: Lab): Promise<void> => {
  const message = lab.message();
  await lab.deliver(message, await lab.grant(message));
};

describe('an account', () => {
  it('is one channel’s, however often that takes it', async () => {
    const { lab, take } = await openAccount();
    expect(await take(lab.channel)).toBe(false);
    expect(await take(lab.channel)).toBe(false);
  });

  it('is refused to another channel while it is served, and while a killed worker may still be', async () => {
    const { lab, take, key } = await openAccount();
    await expect(take('renamed')).rejects.toThrow(AccountTakenError);
    await expect(take('renamed')).rejects.toThrow(`channel ${lab.channel}, which a worker served`);
    await store.redis.hincrby(key, 'seen', -44_000);
    await expect(take('renamed')).rejects.toThrow(AccountTakenError);
    await store.redis.hincrby(key, 'seen', -1_000);
    expect(await take('renamed')).toBe(true);
  });

  it('moves only once it is noted that what was sent lately is in another ledger', async () => {
    const { lab, take, leave, key } = await openAccount();
    await leave();
    const full = () => Promise.reject(new Error('OOM'));
    await expect(take('renamed', DAILY, full)).rejects.toThrow('OOM');
    expect(await store.redis.hget(key, 'channel')).toBe(lab.channel);
    let holderThen: string | null = null;
    const note = async () => {
      holderThen = await store.redis.hget(key, 'channel');
    };
    expect(await take('renamed', DAILY, note)).toBe(true);
    expect(holderThen).toBe(lab.channel);
  });

  it('is refused to another channel while messages of this one count, and then moves', async () => {
    const { lab, take, leave, as } = await openAccount();
    await send(lab);
    await leave();
    await expect(take('renamed')).rejects.toThrow('whose messages count until');
    await lab.elapse(12 * HOUR - MINUTE);
    await expect(take('renamed', null)).rejects.toThrow(AccountTakenError);
    await lab.elapse(2 * MINUTE);
    // The window of a rolling day would hold what was sent in the old one.
    await expect(take('renamed', { ...DAILY, boundary: 'rolling' })).rejects.toThrow(AccountTakenError);
    expect(await take('renamed', null)).toBe(true);
    expect(await claimAccount(store.redis, as(lab.channel))).toMatchObject({ channel: 'renamed' });
  });

  it('that has moved leaves the old channel’s workers nothing to grant', async () => {
    const { lab, take, leave } = await openAccount();
    await leave();
    await take('renamed');
    expect(await lab.verdict(lab.message())).toEqual({ kind: 'policy_changed', inForce: 'moved to renamed' });
  });

  it('moves from a channel over shards once none of them has a message that counts, and comes back', async () => {
    const stores = storesOn(store.redis);
    const channel = `over-shards-${++accounts}`;
    const key = accountKey(`test-${accounts}`);
    const names = [channel, ...storeNames(channel, 2)];
    const own = { ...POLICY, shards: 2 };
    const adoptAll = async () => {
      for (const name of names)
        await takePolicy({ stores, store: stores.of(name), policy: own, platformDayMs: DAY }, false);
    };
    const take = (as: string, policy: SlotPolicy) =>
      takeAccount({ stores, account: { key, channel: as }, policy, beforeMove: async () => {} });
    const leave = (as: string) => releaseAccount(store.redis, { key, channel: as });
    await adoptAll();
    await take(channel, own);
    await leave(channel);
    const state = `herald:{${channel}/1}:ledger:channel`;
    await store.redis.hset(state, 'slotsUntil', (await store.now()) + HOUR);
    await expect(take('renamed', POLICY)).rejects.toThrow('whose messages count until');
    await store.redis.hdel(state, 'slotsUntil');
    await store.redis.zadd(`herald:{${channel}/1}:delayed`, 1, 'waits');
    expect(await take('renamed', POLICY)).toBe(true);
    for (const name of names)
      expect(await store.redis.get(stores.of(name).keys.policy)).toBe('2 shards: moved to renamed');
    await store.redis.set(stores.of('renamed').keys.policy, policyText(POLICY));
    await leave('renamed');
    expect(await take(channel, own)).toBe(true);
    await adoptAll();
    expect(await store.redis.get(stores.of(`${channel}/0`).keys.policy)).toBe(policyText(own));
  });

  it('goes to one of two that want it', async () => {
    const { take, leave } = await openAccount();
    await leave();
    const takers = await Promise.allSettled([take('one'), take('two'), take('three')]);
    expect(takers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('goes back the same way', async () => {
    const { lab, take, leave, as } = await openAccount();
    await leave();
    await take('renamed');
    await expect(take(lab.channel)).rejects.toThrow(AccountTakenError);
    await releaseAccount(store.redis, as('renamed'));
    expect(await take(lab.channel)).toBe(true);
  });
});
