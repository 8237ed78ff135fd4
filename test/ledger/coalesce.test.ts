import { setImmediate as nextTurn } from 'node:timers/promises';
import { ReplyError } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { coalesce } from '../../src/ledger/coalesce.ts';
import { joinCalls } from '../../src/ledger/ledger.ts';
import { newNonce } from '../../src/ledger/names.ts';
import type { Grant } from '../../src/ledger/types.ts';
import { isRefusal } from '../../src/redis/errors.ts';
import { openLab, SENT, useStore } from './harness.ts';

const store = useStore();

/** How often scripts were run so far, by the store's own count. */
async function scriptCalls(): Promise<number> {
  const stats = await store.redis.info('commandstats');
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
}

/** How many bytes the store has answered so far, as of the answer that tells it, and the length of that answer. */
async function answeredBytes(): Promise<{ before: number; own: number }> {
  const stats = await store.redis.info('stats');
  return { before: Number(/total_net_output_bytes:(\d+)/.exec(stats)?.[1]), own: Buffer.byteLength(stats) };
}

/** How many bytes the store answers meanwhile. */
async function bytesOf(work: () => Promise<unknown>): Promise<number> {
  const { before, own } = await answeredBytes();
  await work();
  return (await answeredBytes()).before - before - own;
}

describe('calls of one tick', () => {
  it.each(['presume', 'keep'] as const)(
    'are answered in few words where a channel with a quota resolves by %s',
    async (resolution) => {
      const lab = await openLab(store, { resolution });
      const messages = Array.from({ length: 100 }, (_, i) => lab.message({ to: `${i}` }));
      let grants: Grant[] = [];
      const granting = async () => {
        grants = await Promise.all(messages.map(lab.grant));
      };
      expect(await bytesOf(granting)).toBeLessThan(1_000);
      expect(new Set(grants.map(({ refusalProves }) => refusalProves)).size).toBe(1);
      const settling = () => Promise.all(messages.map((message, i) => lab.deliver(message, grants[i]!)));
      expect(await bytesOf(settling)).toBeLessThan(1_000);
    },
  );

  it('make ceil(250 / 100) script calls, to admit and to settle', async () => {
    const lab = await openLab(store);
    const warm = lab.message({ to: 'warm' });
    await lab.deliver(warm, await lab.grant(warm));
    const messages = Array.from({ length: 250 }, (_, i) => lab.message({ to: `${i}` }));
    const before = await scriptCalls();
    const grants = await Promise.all(messages.map(lab.grant));
    expect((await scriptCalls()) - before).toBe(3);
    const settled = await Promise.all(messages.map((message, i) => lab.deliver(message, grants[i]!)));
    expect((await scriptCalls()) - before).toBe(6);
    expect(settled.every(({ status }) => status === 'first')).toBe(true);
    expect(new Set((await lab.receipts()).map(({ id }) => id)).size).toBe(251);
  });

  it('answer each caller its own verdict', async () => {
    const lab = await openLab(store);
    const spent = lab.message({ to: '1' });
    await lab.deliver(spent, await lab.grant(spent));
    const verdicts = await Promise.all([
      lab.verdict(lab.message({ to: '2' })),
      lab.verdict(spent),
      lab.verdict(lab.message({ to: '1' })),
      lab.verdict(lab.message({ to: '3', expiresInMs: 0 })),
    ]);
    expect(verdicts.map(({ kind }) => kind)).toEqual(['granted', 'known', 'quota', 'expired']);
  });

  it('are refused alone: one poisoned message does not take the others along', async () => {
    const lab = await openLab(store, { playedWithin: 1000 });
    const good = Array.from({ length: 20 }, (_, i) => lab.message({ to: `${i}` }));
    const poisoned = { ...lab.message({ to: 'poison' }), lastPlayedAt: Number.NaN };
    const calls = [...good.slice(0, 10), poisoned, ...good.slice(10)].map(lab.verdict);
    const results = await Promise.allSettled(calls);
    expect(results[10]).toMatchObject({ status: 'rejected', reason: { name: 'ReplyError' } });
    results.splice(10, 1);
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'fulfilled',
        value: { kind: 'granted', grant: { attempt: 1 } },
      });
    }
  });

  it('are settled alone as well, each once', async () => {
    const lab = await openLab(store, { quota: false });
    const good = Array.from({ length: 10 }, () => lab.message());
    const poisoned = { ...lab.message(), expiresAt: Number.NaN };
    const settle = (message: (typeof good)[number]) =>
      lab.settle(message, { nonce: newNonce() }, 'delivered', { final: SENT });
    const results = await Promise.allSettled([...good.slice(0, 5), poisoned, ...good.slice(5)].map(settle));
    expect(results[5]).toMatchObject({ status: 'rejected' });
    results.splice(5, 1);
    for (const result of results) expect(result).toMatchObject({ value: { status: 'first', final: SENT } });
    expect(await lab.receipts()).toHaveLength(10);
  });
});

describe('coalesce', () => {
  it('joins calls of one turn of the event loop, and not of the next', async () => {
    const batches: (readonly number[])[] = [];
    const { call } = coalesce<number, number>(
      async (items) => {
        batches.push(items);
        return items.map((item) => item * 2);
      },
      { max: 3, refusedByStore: () => true },
    );
    expect(await Promise.all([1, 2, 3, 4].map(call))).toEqual([2, 4, 6, 8]);
    expect(await call(5)).toBe(10);
    expect(batches).toEqual([[1, 2, 3], [4], [5]]);
  });

  it('joins the few that come while a call is under way, makes another for many, and any at once when told to', async () => {
    const batches: number[] = [];
    const ends: (() => void)[] = [];
    const { call, flush } = coalesce<number, number>(
      async (items) => {
        batches.push(items.length);
        await new Promise<void>((resolve) => ends.push(resolve));
        return [...items];
      },
      { max: 100, refusedByStore: () => true },
    );
    const calls = [call(0)];
    await nextTurn();
    for (const _ of Array.from({ length: 40 })) calls.push(call(1));
    await nextTurn();
    expect(batches).toEqual([1]);
    for (const _ of Array.from({ length: 20 })) calls.push(call(2));
    await nextTurn();
    expect(batches).toEqual([1, 60]);
    calls.push(call(3));
    flush();
    expect(batches).toEqual([1, 60, 1]);
    calls.push(call(4));
    for (const end of ends.splice(0)) end();
    await nextTurn();
    await nextTurn();
    expect(batches).toEqual([1, 60, 1, 1]);
    for (const end of ends) end();
    expect(await Promise.all(calls)).toHaveLength(63);
  });

  it('tries nothing again when the store did not answer: whether it acted is unknown', async () => {
    let runs = 0;
    const { call } = coalesce<number, number>(
      async () => {
        runs += 1;
        throw new Error('connection lost');
      },
      { max: 10, refusedByStore: () => false },
    );
    const results = await Promise.allSettled([1, 2, 3].map(call));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(runs).toBe(1);
  });
});

it('settles what is known before it asks for more, whatever is under way', async () => {
  const asked: string[] = [];
  const record = (kind: string) => async (items: readonly unknown[]) => {
    asked.push(`${kind} ${items.length}`);
    return await new Promise<never[]>(() => {});
  };
  const ledger = joinCalls({ admit: record('admit'), settle: record('settle') });
  void ledger.settle({} as never);
  await nextTurn();
  void ledger.settle({} as never);
  void ledger.admit({} as never);
  await nextTurn();
  expect(asked).toEqual(['settle 1', 'settle 1', 'admit 1']);
});

it('an answer is a refusal, and a connection that broke is none: nobody is asked alone', () => {
  expect(isRefusal(new ReplyError('ERR of the script'))).toBe(true);
  expect(isRefusal(new Error('Connection is closed.'))).toBe(false);
});
