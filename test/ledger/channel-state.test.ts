import { expect, it } from 'vitest';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { newNonce } from '../../src/ledger/names.ts';
import { DAY, EXHAUSTED, openLab, SECOND, UNCONFIRMED, useStore } from './harness.ts';

const store = useStore();

it('knows nothing of a channel that nothing happened on', async () => {
  const lab = await openLab(store);
  expect(await readChannelState(lab.store)).toEqual({
    now: expect.any(Number),
    stopped: null,
    resting: null,
    breaker: 'closed',
    probing: false,
    rateAheadMs: 0,
    doubts: 0,
    slots: { held: 0, spent: 0 },
    oldestReady: [],
    policy: 'lab',
    waits: {},
    more: { all: 0, active: 0, scheduled: 0 },
    campaigns: { states: {}, waiting: 0, underWay: 0, paused: 0 },
    letters: {},
    totals: {},
  });
});

it('counts the jobs that wait by what they wait for, with the oldest’s time', async () => {
  const lab = await openLab(store, { quota: false });
  const now = await store.now();
  const waits = [
    { cause: 'quota', untilMs: now + 10 * SECOND, since: now - 5 * SECOND },
    { cause: 'quota', untilMs: now + 10 * SECOND, since: now - 3 * SECOND },
    { cause: 'quota', untilMs: now + DAY, since: now - SECOND },
    { cause: 'retry', untilMs: now + 20 * SECOND, since: now - 4 * SECOND },
  ] as const;
  for (const wait of waits) await lab.settle(lab.message(), { nonce: newNonce() }, 'none', { wait });
  expect(await readChannelState(lab.store)).toMatchObject({
    waits: {
      quota: { count: 3, since: now - 5 * SECOND },
      retry: { count: 1, since: now - 4 * SECOND },
    },
  });
});

it('stops counting a job when its moment has come', async () => {
  const lab = await openLab(store, { quota: false });
  const now = await store.now();
  const wait = (untilMs: number) => ({ wait: { cause: 'quota', untilMs, since: now } }) as const;
  await lab.settle(lab.message(), { nonce: newNonce() }, 'none', wait(now + 1));
  await lab.settle(lab.message(), { nonce: newNonce() }, 'none', wait(now + DAY));
  await store.until(Math.ceil((now + 1) / 1000) * 1000);
  expect((await readChannelState(lab.store)).waits).toEqual({ quota: { count: 1, since: now } });
  expect(await store.redis.hlen(lab.store.keys.waitsDue)).toBe(2);
});

it('counts dead letters by reason, with the oldest’s time', async () => {
  const lab = await openLab(store);
  const before = await store.now();
  for (const to of ['1', '2']) {
    const message = lab.message({ to });
    await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
  }
  const doubtful = lab.message({ to: '3' });
  await lab.settle(doubtful, await lab.grant(doubtful), 'doubt', { final: UNCONFIRMED });
  const { letters, now } = await readChannelState(lab.store);
  expect(letters).toEqual({
    exhausted: { count: 2, oldest: expect.any(Number), since: 1_700_000_000_000 },
    unconfirmed: { count: 1, oldest: expect.any(Number), since: 1_700_000_000_000 },
  });
  expect(letters.exhausted!.oldest).toBeGreaterThanOrEqual(before);
  expect(letters.exhausted!.oldest).toBeLessThanOrEqual(now);
});
