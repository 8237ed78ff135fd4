import { describe, expect, it } from 'vitest';
import type { QuotaConfig } from '../../src/config/channel-schema.ts';
import { enqueueJob } from '../../src/jobs/enqueue.ts';
import { newJobId } from '../../src/jobs/job-ids.ts';
import { adoptPolicy, inspectPolicy } from '../../src/ledger/policy-in-force.ts';
import { policyText } from '../../src/policies/quota-change.ts';
import type { ChannelStore } from '../../src/redis/channel-store.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { storesOn } from '../../src/redis/stores.ts';
import { QuotaChangedError, ShardsChangedError, takePolicy } from '../../src/workers/policy-change.ts';
import { DAY, HOUR, type Lab, MINUTE, openLab, SECOND, useStore } from '../ledger/harness.ts';

const store = useStore();
const DAILY: QuotaConfig = { max: 1, per: 'day', timeZone: 'UTC', boundary: 'calendar' };
const WEEKLY: QuotaConfig = { ...DAILY, per: 'week' };

const take = ({ store }: Lab, quota: QuotaConfig | null, addressing = 'userId', unknown = false) =>
  takePolicy(
    { stores: storesOn(store.redis), store, policy: { quota, addressing }, platformDayMs: DAY },
    unknown,
  );

/** A channel whose slots follow a policy; the lab's own windows stand for it. */
async function openChannel(quota: QuotaConfig | null) {
  const lab = await openLab(store, { windowMs: DAY, platformDay: DAY, resolution: 'presume' });
  await store.redis.del(`${lab.base}:policy`);
  await take(lab, quota);
  /** Admissions of the lab go on under the policy in force, whatever it is. */
  const follow = async () => lab.relyOn((await store.redis.get(`${lab.base}:policy`)) ?? '');
  await follow();
  return { lab, follow };
}

describe('a change of what slots mean', () => {
  it('is taken while no slot was held', async () => {
    const { lab } = await openChannel(DAILY);
    for (const quota of [WEEKLY, null, DAILY]) await take(lab, quota);
    await take(lab, DAILY, 'username');
  });

  it.each([
    ['another length', WEEKLY, 'userId', 'quota'],
    ['another zone', { ...DAILY, timeZone: 'Europe/Berlin' }, 'userId', 'quota'],
    ['another boundary', { ...DAILY, boundary: 'rolling' as const }, 'userId', 'quota'],
    ['no quota', null, 'userId', 'quota'],
    ['another addressing', DAILY, 'username', 'addressing'],
  ])('is refused while slots of the old one are held: %s', async (_, changed, addressing, field) => {
    const { lab } = await openChannel(DAILY);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    const refusal = await take(lab, changed, addressing).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(QuotaChangedError);
    expect(String(refusal)).toContain(`channels.${lab.channel}.${field}`);
    await take(lab, DAILY);
  });

  it('is none while others grant by the same policy: a start does not wait for them', async () => {
    const { lab } = await openChannel({ ...DAILY, boundary: 'rolling' });
    const policy = (await store.redis.get(`${lab.base}:policy`))!;
    const seen = await inspectPolicy(lab.store);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    const adoption = { policy, seen, platformDayMs: DAY, unknown: false };
    expect(await adoptPolicy(lab.store, adoption)).toBe(seen.since);
    expect(await adoptPolicy(lab.store, { ...adoption, policy: 'null' })).toBeUndefined();
  });

  it('tells when the last window ends', async () => {
    const { lab } = await openChannel(DAILY);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    const { slot } = await lab.explain(message);
    await expect(take(lab, null)).rejects.toThrow(new Date(slot!.window).toISOString());
  });

  it('sees slots in every bucket of a large table, also those that were given back', async () => {
    const { lab } = await openChannel(DAILY);
    const messages = Array.from({ length: 400 }, (_, i) => lab.message({ to: `${i}` }));
    const grants = await Promise.all(messages.map(lab.grant));
    await Promise.all(messages.slice(1).map((message, i) => lab.settle(message, grants[i + 1]!, 'spent')));
    expect(await store.redis.keys(`${lab.base}:s:*`)).toHaveLength(1);
    await expect(take(lab, WEEKLY)).rejects.toThrow(QuotaChangedError);
  });

  it('is taken once the last window of the old one is over', async () => {
    const { lab } = await openChannel(DAILY);
    await lab.grant(lab.message());
    await lab.elapse(12 * HOUR - MINUTE);
    await expect(take(lab, null)).rejects.toThrow(QuotaChangedError);
    await lab.elapse(2 * MINUTE);
    await take(lab, null);
  });

  it('waits for a window of the new one that holds no message of the old', async () => {
    const { lab } = await openChannel(DAILY);
    await lab.grant(lab.message());
    await lab.elapse(12 * HOUR + MINUTE);
    const rolling: QuotaConfig = { ...DAILY, boundary: 'rolling' };
    await expect(take(lab, rolling)).rejects.toThrow(QuotaChangedError);
    await lab.elapse(DAY - 2 * MINUTE);
    await expect(take(lab, rolling)).rejects.toThrow(QuotaChangedError);
    await lab.elapse(2 * MINUTE);
    await take(lab, rolling);
  });

  it('and that long after the table of slots has expired', async () => {
    const { lab } = await openChannel(DAILY);
    await lab.grant(lab.message());
    await store.redis.del(`${lab.base}:s`, `${lab.base}:s:0`);
    await expect(take(lab, WEEKLY)).rejects.toThrow(QuotaChangedError);
  });
});

describe('workers of another policy', () => {
  it('are granted nothing from their next admission on, and told what is in force', async () => {
    const { lab, follow } = await openChannel(DAILY);
    await take(lab, WEEKLY);
    const message = lab.message();
    const verdict = await lab.verdict(message);
    expect(verdict).toEqual({
      kind: 'policy_changed',
      inForce: '[1,"week","UTC","calendar","userId"]',
    });
    expect(await lab.explain(message)).toMatchObject({ record: null, slot: null });
    await follow();
    expect(await lab.verdict(message)).toMatchObject({ kind: 'granted' });
  });

  it('put theirs in force in a store that has none, and presume nothing there for a day', async () => {
    const { lab } = await openChannel(DAILY);
    await store.redis.del(`${lab.base}:policy`);
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt');
    expect(await lab.grant(message)).toMatchObject({ doubt: true, refusalProves: false });
    expect(await store.redis.get(`${lab.base}:policy`)).toBe('[1,"day","UTC","calendar","userId"]');
  });
});

describe('a memory that is not complete', () => {
  const proves = async (lab: Lab): Promise<boolean> => {
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt');
    return (await lab.grant(message)).refusalProves;
  };

  it.each([
    ['begins with a new channel', async () => {}, true],
    ['of another addressing', (lab: Lab) => take(lab, DAILY, 'username'), false],
    ['of another channel', (lab: Lab) => take(lab, DAILY, 'userId', true), false],
    [
      'of a shorter platformDay',
      async (lab: Lab) => {
        await store.redis.hset(`${lab.base}:channel`, 'platformDay', HOUR);
        await takePolicy(
          {
            ...{ stores: storesOn(lab.store.redis), store: lab.store, platformDayMs: DAY },
            policy: { quota: DAILY, addressing: 'userId' },
          },
          false,
        );
      },
      false,
    ],
  ])('%s', async (_, change, expected) => {
    const { lab, follow } = await openChannel(DAILY);
    await change(lab);
    await follow();
    expect(await proves(lab)).toBe(expected);
    await lab.elapse(DAY + SECOND);
    const later = lab.message({ to: 'another' });
    await lab.settle(later, await lab.grant(later), 'doubt');
    expect(await lab.grant(later)).toMatchObject({ refusalProves: true });
  });
});

describe('another number of shards', () => {
  let channels = 0;
  const openShards = () => {
    const channel = `shards-${++channels}`;
    const stores = storesOn(store.redis);
    const takeAll = async (shards: number | undefined): Promise<void> => {
      const names = [channel, ...(shards === undefined ? [] : storeNames(channel, shards))];
      for (const name of names)
        await takePolicy(
          { stores, store: stores.of(name), policy: { quota: DAILY, shards }, platformDayMs: DAY },
          false,
        );
    };
    const policyOf = (name: string) => store.redis.get(stores.of(name).keys.policy);
    return { channel, stores, takeAll, policyOf };
  };

  it.each([
    [8, 16],
    [8, 4],
    [8, undefined],
    [undefined, 8],
  ])('%s to %s: is taken once nothing is left', async (was, next) => {
    const { channel, stores, takeAll, policyOf } = openShards();
    await takeAll(was);
    const last = storeNames(channel, was).at(-1)!;
    const job = `herald:{${last}}:delayed`;
    await store.redis.zadd(job, 1, 'job');
    await expect(takeAll(next)).rejects.toThrow(ShardsChangedError);
    // Nobody was disturbed by who was refused.
    for (const name of storeNames(channel, was))
      expect(await policyOf(name)).toBe(policyText({ quota: DAILY, shards: was }));
    await store.redis.del(job);
    await store.redis.hset(stores.of(last).keys.deadLetters, 'letter', '{}');
    await expect(takeAll(next)).rejects.toThrow(`channels.${channel}.shards: is ${was ?? 'absent'}`);
    await store.redis.del(stores.of(last).keys.deadLetters);
    await takeAll(next);
    expect(await policyOf(channel)).toBe(policyText({ quota: DAILY, shards: next }));
  });

  it.each([
    [8, 4],
    [8, undefined],
    [undefined, 8],
  ])('%s to %s: leaves no store to workers and producers of the old number', async (was, next) => {
    const { channel, stores, takeAll, policyOf } = openShards();
    await takeAll(was);
    await takeAll(next);
    const names = (shards?: number) => storeNames(channel, shards);
    const job = (name: string) => ({
      ...{ jobId: newJobId(1), priority: 0, dueAt: undefined },
      messages: [{ id: name.replaceAll('/', '-'), text: '{}', expiresAt: undefined }],
    });
    const gone = names(was).filter((name) => name !== channel && !names(next).includes(name));
    for (const name of gone) {
      expect(await policyOf(name)).not.toBe(policyText({ quota: DAILY, shards: was }));
      expect(await enqueueJob(stores.of(name), job(name))).toBeUndefined();
    }
    for (const name of new Set([channel, ...names(next)])) {
      expect(await policyOf(name)).toBe(policyText({ quota: DAILY, shards: next }));
      expect(await enqueueJob(stores.of(name), job(name))).toEqual([true]);
    }
  });

  it('leaves no store for good where something comes into another one', async () => {
    const { channel, stores, takeAll, policyOf } = openShards();
    await takeAll(3);
    const policy = { quota: DAILY, shards: 2 };
    const inForce = policyText({ quota: DAILY, shards: 3 });
    const last = stores.of(`${channel}/2`);
    /** As it is about to be left. */
    const meddle = async (): Promise<void> => {
      expect(await policyOf(`${channel}/0`)).toContain('moved to 2 shards');
      await store.redis.set(stores.of(`${channel}/1`).keys.policy, policyText(policy));
      await store.redis.zadd(`herald:{${channel}/2}:delayed`, 1, 'job');
    };
    const meddling: ChannelStore = {
      ...last,
      async run(script, args) {
        if (args[0]?.includes('"leave"')) await meddle();
        return await last.run(script, args);
      },
    };
    const of = (name: string) => (name === last.name ? meddling : stores.of(name));
    const taker = { stores: { of }, store: stores.of(channel), policy, platformDayMs: DAY };
    await expect(takePolicy(taker, false)).rejects.toThrow(ShardsChangedError);
    const found = await Promise.all(storeNames(channel, 3).map(policyOf));
    expect(found).toEqual([inForce, policyText(policy), inForce]);
    expect(await policyOf(channel)).toBe(inForce);
  });

  it('is taken back', async () => {
    const { channel, takeAll, policyOf } = openShards();
    for (const shards of [2, 4, 2, undefined, 4]) await takeAll(shards);
    for (const name of [channel, ...storeNames(channel, 4)])
      expect(await policyOf(name)).toBe(policyText({ quota: DAILY, shards: 4 }));
  });

  describe.each([
    [4, 8],
    [8, 4],
    [undefined, 4],
  ])('%s to %s, which the home forgot', (was, next) => {
    const at = `/${next - 1}`;
    /** As a replica has it that took over and had not got the last command. */
    const forgotten = async () => {
      const shards = openShards();
      const home = shards.stores.of(shards.channel).keys;
      await shards.takeAll(was);
      const before = await Promise.all([
        store.redis.get(home.policy),
        store.redis.hgetall(`${home.ledger}:channel`),
      ]);
      await shards.takeAll(next);
      await store.redis.set(home.policy, before[0]!);
      await store.redis.del(`${home.ledger}:channel`);
      if (Object.keys(before[1]).length > 0) await store.redis.hset(`${home.ledger}:channel`, before[1]);
      expect(await shards.policyOf(shards.channel)).toBe(policyText({ quota: DAILY, shards: was }));
      return shards;
    };

    it('is taken again, whatever lies in the shards since', async () => {
      const { channel, takeAll, policyOf } = await forgotten();
      await store.redis.zadd(`herald:{${channel}${at}}:delayed`, 1, 'job');
      if (was !== undefined) await store.redis.zadd(`herald:{${channel}}:delayed`, 1, 'job');
      await takeAll(next);
      for (const name of [channel, ...storeNames(channel, next)])
        expect(await policyOf(name)).toBe(policyText({ quota: DAILY, shards: next }));
    });

    it('is not taken again over what came by the old number since', async () => {
      const { channel, takeAll, policyOf } = await forgotten();
      const old = storeNames(channel, was)[0]!;
      await takeAll(was);
      await store.redis.zadd(`herald:{${old}}:delayed`, 1, 'job');
      await expect(takeAll(next)).rejects.toThrow(ShardsChangedError);
      expect(await policyOf(channel)).toBe(policyText({ quota: DAILY, shards: was }));
    });
  });

  it('is not taken by a shard before the home', async () => {
    const { channel, stores, takeAll } = openShards();
    await takeAll(2);
    await store.redis.zadd(`herald:{${channel}/1}:delayed`, 1, 'job');
    const policy = { quota: DAILY, shards: 4 };
    const taker = { stores, store: stores.of(`${channel}/0`), policy, platformDayMs: DAY };
    await expect(takePolicy(taker, false)).rejects.toThrow(ShardsChangedError);
  });
});
