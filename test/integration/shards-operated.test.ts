import { describe, expect } from 'vitest';
import type { Admin } from '../../src/admin/admin.ts';
import { createAdmin } from '../../src/app.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { type FollowedReceipt, followReceipts } from '../../src/receipts/follow.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { eventually } from '../../testing/eventually.ts';
import { tallyOf } from '../../testing/metrics-parser.ts';
import { CHANNEL, type Environment, it } from '../support/environment.ts';

const SHARDS = 4;
const SHARDED = { channel: { shards: SHARDS, quota: false } };
const PLAYERS = Array.from({ length: 40 }, (_, i) => 1_001 + 10 * i);
/** The sandbox knows nobody of these numbers. */
const NOBODY = Array.from({ length: 12 }, (_, i) => 1_000 + 10 * i);

async function operate<T>(env: Environment, act: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createAdmin({ redis: env.server.url });
  try {
    return await act(admin);
  } finally {
    await admin.close();
  }
}

const sendAll = (env: Environment, players: readonly number[], fields: object = {}) =>
  env.producer.sendMany(
    players.map((userId) => ({ platform: 'kongregate', to: { userId }, content: 'Hello', ...fields })),
  );

const inQueue = async (admin: Admin) => (await admin.status())[0]!.queue;

describe.concurrent('an operator of a channel over shards', () => {
  it('pauses and resumes it as a whole, and sees it as one', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    await env.worker();
    await operate(env, async (admin) => {
      await admin.channels.pause(CHANNEL);
      for (const name of storeNames(CHANNEL, SHARDS)) {
        const { stopped } = await readChannelState(channelStore(env.redis, name));
        expect(stopped).toMatchObject({ reason: 'paused' });
      }
      await sendAll(env, PLAYERS);
      await eventually(
        'all to wait',
        () => inQueue(admin),
        ({ ready, active }) => ready! + active! === 40,
      );
      expect(env.sandbox.journal.report().calls).toBe(0);
      const [status, ...others] = await admin.status();
      expect(others).toEqual([]);
      expect(status).toMatchObject({ channel: CHANNEL, stopped: { reason: 'paused' } });
      expect(status?.workers).toHaveLength(1);
      expect(await admin.channels.list()).toMatchObject([{ name: CHANNEL, workers: 1, announced: true }]);
      expect(await admin.channels.forget(CHANNEL)).toMatchObject({
        kind: 'kept',
        waiting: expect.any(Number),
      });
      expect(await admin.channels.resume(CHANNEL)).toEqual({ stopped: 'paused', changed: true });
      await eventually(
        'all of them',
        () => env.sandbox.journal.report().accepted,
        (count) => count === 40,
      );
    });
  });

  it('finds messages and people wherever they lie', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    await env.worker();
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const ids = await Promise.all(PLAYERS.slice(0, 8).map((userId) => env.send(userId, { sendAt })));
    await operate(env, async (admin) => {
      for (const id of ids)
        expect(await admin.explain(id)).toMatchObject([{ channel: CHANNEL, id, job: { state: 'delayed' } }]);
      const to = { userId: PLAYERS[3] };
      const explained = await admin.explainRecipient(to, { channel: CHANNEL });
      expect(explained).toMatchObject({ workers: 1, waiting: [{ id: ids[3] }] });
      expect(await admin.cancel(ids[0]!)).toMatchObject([{ status: 'cancelled', channel: CHANNEL }]);
      expect(await admin.cancelRecipient(to, { channel: CHANNEL })).toMatchObject([
        { id: ids[3], status: 'cancelled' },
      ]);
      expect(await admin.reschedule(ids[1]!, { sendAt: new Date() })).toMatchObject([
        { status: 'rescheduled' },
      ]);
      await eventually(
        'that one',
        () => env.sandbox.journal.report().accepted,
        (count) => count === 1,
      );
    });
  });

  it('lists, replays and purges dead letters of all of it', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    await env.worker();
    await sendAll(env, NOBODY);
    await env.addForeign('no message');
    await operate(env, async (admin) => {
      const { deadLetters } = admin;
      const all = await eventually(
        '13 of them',
        () => deadLetters.list(),
        ({ total }) => total === 13,
      );
      const deaths = all.letters.map(({ diedAt }) => diedAt);
      expect(deaths).toEqual(deaths.toSorted((a, b) => a - b));
      expect((await deadLetters.list({ limit: 5 })).letters).toHaveLength(5);
      const { groups } = await deadLetters.plan({});
      expect(groups.map(({ reason, letters }) => [reason, letters]).sort()).toEqual([
        ['bad_recipient', 12],
        ['invalid_message', 1],
      ]);
      expect(await deadLetters.replay({ limit: 7, reasons: ['bad_recipient'] })).toMatchObject({
        replayed: 7,
      });
      await eventually(
        'them to die again',
        () => deadLetters.list(),
        ({ total }) => total === 13,
      );
      expect(await deadLetters.purge({})).toMatchObject({ purged: 13 });
      expect((await admin.status())[0]).toMatchObject({ deadLetters: {} });
    });
  });

  it('controls a campaign as one', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    await env.worker();
    const recipients = PLAYERS.map((userId) => ({ to: { userId } }));
    const spec = { id: 'spring', platform: 'kongregate' as const, content: 'Hello' };
    await operate(env, async (admin) => {
      await admin.channels.pause(CHANNEL);
      await env.producer.campaign(spec, recipients);
      const [campaign, ...others] = await admin.campaigns.list();
      expect(others).toEqual([]);
      expect(campaign).toMatchObject({ id: 'spring', listed: 40, waiting: 40, state: 'running' });
      expect(await admin.campaigns.dryRun(spec, recipients)).toMatchObject({
        send: 40,
        existing: { listed: 40 },
      });
      expect(await admin.campaigns.pause('spring')).toEqual([
        { id: 'spring', status: 'paused', channel: CHANNEL },
      ]);
      await admin.channels.resume(CHANNEL);
      expect(await admin.campaigns.cancelRecipient('spring', { userId: PLAYERS[0] })).toMatchObject([
        { status: 'cancelled' },
      ]);
      await admin.campaigns.resume('spring');
      const done = await eventually(
        'its end',
        async () => (await admin.campaigns.show('spring'))[0]!,
        ({ state }) => state === 'done',
        { withinMs: 60_000 },
      );
      expect(done).toMatchObject({ listed: 40, ended: 40, waiting: 0, underWay: 0 });
      const ends = done.ends.map(({ state, reason, count }) => [`${state}/${reason}`, count]).sort();
      expect(ends).toEqual([
        ['delivered/sent', 39],
        ['suppressed/cancelled', 1],
      ]);
      expect((await admin.status())[0]?.campaignTotals.states).toEqual({ done: 1 });
    });
  });
});

it('receipts of a channel over shards are followed as one, in order, and from a cursor', async ({
  openEnvironment,
}) => {
  const env = await openEnvironment(SHARDED);
  const read: FollowedReceipt[] = [];
  const stop = new AbortController();
  // Before anybody knows that it has shards.
  const following = (async () => {
    const options = { redis: env.server.url, channels: CHANNEL, signal: stop.signal };
    for await (const receipt of followReceipts(options)) read.push(receipt);
  })();
  await env.worker();
  await sendAll(env, PLAYERS);
  await eventually(
    '40 receipts',
    () => read.length,
    (count) => count === 40,
  );
  stop.abort();
  await following;
  expect(tallyOf(read)).toEqual({ 'delivered/sent': 40 });
  expect(new Set(read.map(({ channel }) => channel))).toEqual(new Set([CHANNEL]));
  expect(read.some(({ gap }) => gap)).toBe(false);
  const again: FollowedReceipt[] = [];
  for await (const receipt of followReceipts({ redis: env.server.url, channels: CHANNEL, from: 'start' })) {
    again.push(receipt);
    if (again.length === 40) break;
  }
  const instants = again.map(({ entry }) => Number.parseInt(entry, 10));
  expect(instants).toEqual(instants.toSorted((a, b) => a - b));
  const from = again[19]!.cursor;
  const rest: string[] = [];
  for await (const { id } of followReceipts({ redis: env.server.url, channels: CHANNEL, from })) {
    rest.push(id);
    if (rest.length === 20) break;
  }
  expect(rest.sort()).toEqual(
    again
      .slice(20)
      .map(({ id }) => id)
      .sort(),
  );
});
