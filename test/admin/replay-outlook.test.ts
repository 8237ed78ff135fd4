import { describe, expect } from 'vitest';
import type { PredictedLetter } from '../../src/admin/replay-fate.ts';
import { predictReplay } from '../../src/admin/replay-outlook.ts';
import type { Installation } from '../../src/channels/installation.ts';
import { selectDeadLetters } from '../../src/dead-letters/selection.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { unhurried } from '../../testing/slowness.ts';
import { CHANNEL, type Environment, LONG_WINDOW_MS } from '../support/environment.ts';
import { redisContents } from '../support/redis-contents.ts';
import { bury, deadLettersIn, it, REPLAYED, replayAll, welcome } from './admin-fixture.ts';

/** For a window as long as the environment's, and a message that outlives it. */
const LONG_WAIT = { onQuota: 'defer' as const, expiresAt: new Date(Date.now() + 2 * LONG_WINDOW_MS) };

/** Longer than a lock, a sample or a probe of the worker that has ended lives, and shorter than any record. */
const BRIEF_MS = 600_000;

async function predicted(installation: Installation): Promise<Record<string, PredictedLetter>> {
  const letters: PredictedLetter[] = [];
  const { read } = await selectDeadLetters(installation, {});
  await predictReplay(read(), { onLetter: (letter) => void letters.push(letter) });
  return Object.fromEntries(letters.map((letter) => [letter.id, letter]));
}

/** The last final state of each message, `waits` where its new run has none. */
async function became(env: Environment): Promise<Record<string, string>> {
  const ends: Record<string, string> = {};
  for (const { id, run, state, reason } of await env.receipts()) {
    ends[id] = run === 1 ? (ends[id] ?? 'waits') : `${state}/${reason}`;
  }
  return ends;
}

const expectedEnd = ({ fate, final }: PredictedLetter): string => {
  if (fate === 'send') return 'delivered/sent';
  return final ? `${final.state}/${final.reason}` : 'waits';
};

describe('the outlook of a replay', () => {
  it('is what then happens, and predicting it changes nothing', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment({ channel: { eligibility: { playedWithin: '14d' } } });
    const worker = await env.worker();
    const expiresAt = new Date(Date.now() + unhurried(3_000)).toISOString();
    await env.send(50, { id: 'expires', expiresAt });
    await bury(env, [10, 20, 30, 40]);
    await env.send(20, { id: 'second-to-20' });
    await env.send(20, { id: 'third-to-20', ...LONG_WAIT });
    const garbage = await env.addForeign('garbage');
    const cut = await env.addForeign(`"${'x'.repeat(1_100_000)}"`);
    await eventually(
      'nine letters',
      () => deadLettersIn(env),
      (count) => count === 9,
    );
    welcome(env, [10, 20, 30, 40, 50]);
    await env.send(30, { id: 'sent-since' });
    await env.settled(10);
    await env.producer.recordPlay({
      channel: CHANNEL,
      to: { userId: 40 },
      at: new Date(Date.now() - 30 * 86_400_000),
    });
    await worker.close();
    await elapse(Math.max(0, Date.parse(expiresAt) - Date.now()));

    const installation = await openInstallation(env);
    const before = await redisContents(env.redis, BRIEF_MS);
    const letters = await predicted(installation);
    expect(await redisContents(env.redis, BRIEF_MS)).toEqual(before);
    expect(Object.fromEntries(Object.entries(letters).map(([id, { fate }]) => [id, fate]))).toEqual({
      'to-10': 'send',
      'to-20': 'send',
      'second-to-20': 'slot_taken',
      'third-to-20': 'slot_taken',
      'to-30': 'slot_taken',
      'to-40': 'ineligible',
      expires: 'expired',
      [garbage]: 'dies',
      [cut]: 'cut',
    });
    expect(letters['to-30']).toMatchObject({
      channel: CHANNEL,
      reason: 'bad_recipient',
      final: { state: 'suppressed', reason: 'quota' },
      until: expect.any(Number),
    });
    expect(letters['third-to-20']).toMatchObject({ final: null, until: letters['to-30']!.until });

    expect(await replayAll(installation)).toEqual({ ...REPLAYED, replayed: 8, failed: 1 });
    await env.worker();
    const settled = async () => (await env.receipts()).length === 17;
    await eventually('the runs to end', settled);
    const ends = await became(env);
    for (const [id, letter] of Object.entries(letters)) {
      if (id !== cut) expect([id, ends[id]]).toEqual([id, expectedEnd(letter)]);
    }
  });

  it('is that of a run which has begun, where a replay failed half way', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await bury(env, [10]);
    await worker.close();
    const installation = await openInstallation(env);
    const wait = env.queue.toKey('wait');
    await env.redis.set(wait, 'junk');
    await expect(replayAll(installation)).rejects.toThrow(/WRONGTYPE/);
    await env.redis.del(wait);
    const sendAt = new Date(Date.now() + 3_600_000);
    await env.producer.reschedule('to-10', { channel: CHANNEL, sendAt });
    const letters = await predicted(installation);
    expect(letters['to-10']).toMatchObject({ fate: 'waits', until: sendAt.getTime() });
  });

  it('is that a letter stays whose id another message has, or an earlier letter of the replay', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    // As when a day has passed since the end of each.
    const forget = async () => env.redis.del(...(await env.redis.keys('herald:*:ledger:m*')));
    await bury(env, [10]);
    await forget();
    await bury(env, [10, 20]);
    await forget();
    await worker.close();
    await env.send(20, { id: 'to-20' });
    const installation = await openInstallation(env);
    const fates: string[] = [];
    const { read } = await selectDeadLetters(installation, {});
    await predictReplay(read(), { onLetter: ({ id, fate }) => void fates.push(`${id} ${fate}`) });
    expect(fates).toEqual(['to-10 send', 'to-10 duplicate', 'to-20 duplicate']);
    expect(await replayAll(installation)).toEqual({ ...REPLAYED, replayed: 1, failed: 2 });
  });

  it('is that unreadable messages of one id are each replayed, as each has a record of its own', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    for (let i = 0; i < 2; i += 1) await env.addForeign({ v: 1, id: 'to-10', platform: 'kongregate' });
    await bury(env, [10]);
    await eventually(
      'three letters',
      () => deadLettersIn(env),
      (count) => count === 3,
    );
    await worker.close();
    const installation = await openInstallation(env);
    const fates: string[] = [];
    const { read } = await selectDeadLetters(installation, {});
    await predictReplay(read(), { onLetter: ({ id, fate }) => void fates.push(`${id} ${fate}`) });
    expect(fates.sort()).toEqual(['to-10 dies', 'to-10 dies', 'to-10 send']);
    expect(await replayAll(installation)).toEqual({ ...REPLAYED, replayed: 3 });
  });

  it('counts by what happens, with the span of the waits, and can be interrupted', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    await bury(env, [10, 20]);
    await env.send(20, { id: 'second-to-20', ...LONG_WAIT });
    await env.settled(3);
    const installation = await openInstallation(env);
    const { read } = await selectDeadLetters(installation, {});
    const outlook = await predictReplay(read());
    expect(outlook).toEqual({
      letters: 3,
      interrupted: false,
      groups: [
        { channel: CHANNEL, fate: 'send', final: null, letters: 2, until: null },
        {
          ...{ channel: CHANNEL, fate: 'slot_taken', final: null, letters: 1 },
          until: { earliest: expect.any(Number), latest: expect.any(Number) },
        },
      ],
    });
    const signal = AbortSignal.abort();
    expect(await predictReplay(read(), { signal })).toEqual({
      letters: 0,
      interrupted: true,
      groups: [],
    });
  });
});
