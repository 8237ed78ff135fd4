import type { Job } from 'bullmq';
import { describe, expect } from 'vitest';
import type { Admin } from '../../src/admin/admin.ts';
import { createAdmin, createProducer, type MessageInput, type WorkerConfig } from '../../src/app.ts';
import { enqueueJob } from '../../src/jobs/enqueue.ts';
import { newJobId } from '../../src/jobs/job-ids.ts';
import { stopChannel } from '../../src/ledger/channel-state.ts';
import { campaignMessageId } from '../../src/ledger/names.ts';
import { CampaignCancelledError } from '../../src/producer/errors.ts';
import type { Producer } from '../../src/producer/producer.ts';
import { iterateReceipts, type Receipt } from '../../src/receipts/receipts.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { ShardsChangedError } from '../../src/workers/policy-change.ts';
import { eventually } from '../../testing/eventually.ts';
import { metric, type Tally, tallyOf, tallyOfMetrics } from '../../testing/metrics-parser.ts';
import { CHANNEL, type Environment, it } from '../support/environment.ts';
import { openHeldPlatform } from '../support/held-platform.ts';

const SHARDS = 4;
const SHARDED = { channel: { shards: SHARDS, concurrency: 10 } };
const STORES = [CHANNEL, ...storeNames(CHANNEL, SHARDS)];
const PLAYERS = Array.from({ length: 60 }, (_, i) => 1_001 + 10 * i);

async function receiptsOf(env: Environment): Promise<Receipt[][]> {
  return await Promise.all(
    STORES.map(async (name) => {
      const all: Receipt[] = [];
      for await (const receipt of iterateReceipts(env.redis, name)) all.push(receipt);
      return all;
    }),
  );
}

/** Waits for so many final states over all stores, and that no job is left. */
async function settled(env: Environment, count: number): Promise<Tally> {
  const look = async () => {
    const lists = STORES.flatMap((name) =>
      ['wait', 'prioritized', 'active', 'delayed'].map((list) => `herald:{${name}}:${list}`),
    );
    const left = await Promise.all(lists.map((key) => env.redis.exists(key)));
    return { idle: !left.includes(1), receipts: (await receiptsOf(env)).flat() };
  };
  const { receipts } = await eventually(
    `${count} final states`,
    look,
    ({ idle, receipts }) => idle && receipts.length >= count,
    { everyMs: 50 },
  );
  return tallyOf(receipts);
}

const SPRING = { id: 'spring', platform: 'kongregate' as const, content: 'Hello', onQuota: 'defer' as const };
const recipients = (count: number) => PLAYERS.slice(0, count).map((userId) => ({ to: { userId } }));

/** An admin, and a producer that has not asked for the channels before. */
async function knowing<T>(
  env: Environment,
  act: (by: { admin: Admin; producer: Producer<MessageInput> }) => Promise<T>,
): Promise<T> {
  const producer = createProducer({ redis: env.server.url, timeoutMs: 120_000 });
  const admin = createAdmin({ redis: env.server.url });
  try {
    return await act({ admin, producer });
  } finally {
    await producer.close();
    await admin.close();
  }
}

/** How many jobs of a campaign wait in the shards. */
async function dealtOut(env: Environment): Promise<number> {
  const keys = await Promise.all(
    storeNames(CHANNEL, SHARDS).map((name) => env.redis.keys(`herald:{${name}}:c*_*`)),
  );
  return keys.flat().filter((key) => /:@\d+$/.test(key)).length;
}

describe.concurrent('a channel over shards', () => {
  it('sends one a player and window, each player in a shard for ever', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    const workers = [await env.worker(), await env.worker()];
    const twice = [...PLAYERS, ...PLAYERS].map((userId) => ({
      platform: 'kongregate' as const,
      to: { userId },
      content: 'Hello',
    }));
    expect(await env.producer.sendMany(twice)).toMatchObject({ queued: 120, duplicate: 0 });
    expect(
      await env.producer.sendMany([
        { ...twice[0]!, id: 'x' },
        { ...twice[0]!, id: 'x' },
      ]),
    ).toMatchObject({
      queued: 1,
      duplicate: 1,
    });
    const tally = { 'delivered/sent': 60, 'suppressed/quota': 61 };
    expect(await settled(env, 121)).toEqual(tally);
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 60, calls: 60 });
    const [home, ...shards] = await receiptsOf(env);
    expect(home).toEqual([]);
    expect(Math.min(...shards.map((each) => each.length))).toBeGreaterThan(8);
    expect(tallyOfMetrics(await Promise.all(workers.map((worker) => worker.metrics())))).toEqual(tally);
  });

  it('deals out what producers enqueued who know of no shards', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    const message = (userId: number) => ({ platform: 'kongregate', to: { userId }, content: 'Hello' });
    await env.queue.add('message', { v: 1, ...message(71) });
    await env.queue.add('message', { v: 1, ...message(71), id: 'second' }, { jobId: 'same', priority: 3 });
    await env.queue.add('messages', {
      v: 1,
      messages: [...PLAYERS.slice(0, 20).map(message), { ...message(81), content: 9 }],
    });
    await env.queue.add('message', 'no message');
    // By a producer that knew another number of shards.
    for (const name of storeNames(CHANNEL, SHARDS)) {
      const text = JSON.stringify({ ...message(91), id: `astray-${name.at(-1)}` });
      const astray = [{ id: `astray-${name.at(-1)}`, text, expiresAt: undefined }];
      const job = { jobId: newJobId(), priority: 0, dueAt: undefined, messages: astray };
      await enqueueJob(channelStore(env.redis, name), job);
    }
    await env.worker();
    // The id of the job may be used again, once it has left its queue.
    await eventually(
      'it to be dealt out',
      () => env.queue.getJob('same'),
      (job) => job === undefined,
    );
    await env.queue.add('message', { v: 1, ...message(71), id: 'third' }, { jobId: 'same' });
    expect(await settled(env, 29)).toEqual({
      'delivered/sent': 22,
      'suppressed/quota': 5,
      'dead/invalid_message': 2,
    });
    expect((await env.letters()).map(({ reason }) => reason)).toEqual(['invalid_message', 'invalid_message']);
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 22, calls: 22 });
  });

  it('knows what was cancelled or put off before anybody knew of its shards', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    const [gone, later] = [await env.send(71), await env.send(81)];
    await env.send(91);
    const until = Date.now() + 1_500;
    expect(await env.producer.cancel(gone, { channel: CHANNEL })).toMatchObject({ status: 'cancelled' });
    const sendAt = new Date(until);
    expect(await env.producer.reschedule(later, { channel: CHANNEL, sendAt })).toMatchObject({
      status: 'rescheduled',
    });
    await env.worker();
    expect(await settled(env, 3)).toEqual({ 'delivered/sent': 2, 'suppressed/cancelled': 1 });
    const late = (await receiptsOf(env)).flat().find(({ id }) => id === later);
    expect(late?.at).toBeGreaterThanOrEqual(until);
  });

  it('cancels a message of a foreign job that waits in its shard and was never tried', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(SHARDED);
    await env.worker();
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const message = {
      v: 1,
      id: 'foreign',
      platform: 'kongregate',
      to: { userId: 71 },
      content: 'Hello',
      sendAt,
    };
    await env.addForeign(message);
    const producer = createProducer({ redis: env.server.url, timeoutMs: 120_000 });
    try {
      await eventually(
        'it to be cancelled',
        () => producer.cancel('foreign', { channel: CHANNEL }),
        ({ status }) => status === 'cancelled',
      );
    } finally {
      await producer.close();
    }
  });

  it('sends at once what was brought forward before anybody knew of its shards', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(SHARDED);
    const id = await env.send(71, { sendAt: new Date(Date.now() + 3_600_000) });
    expect(await env.producer.reschedule(id, { channel: CHANNEL, sendAt: new Date() })).toMatchObject({
      status: 'rescheduled',
    });
    await env.worker();
    expect(await settled(env, 1)).toEqual({ 'delivered/sent': 1 });
  });

  it('cancels and reschedules what waits at the home since before its shards were known', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(SHARDED);
    const sendAt = new Date(Date.now() + 3_600_000);
    const ids: string[] = [];
    for (const userId of [71, 81, 91, 101]) ids.push(await env.send(userId, { sendAt }));
    const [gone, early, goneToo, earlyToo] = ids as [string, string, string, string];
    await env.worker();
    const producer = createProducer({ redis: env.server.url, timeoutMs: 120_000 });
    const admin = createAdmin({ redis: env.server.url });
    try {
      const now = { sendAt: new Date() };
      expect(await producer.cancel(gone, { channel: CHANNEL })).toMatchObject({ status: 'cancelled' });
      expect(await producer.cancel(gone, { channel: CHANNEL })).toMatchObject({ status: 'cancelled' });
      expect(await producer.reschedule(early, { channel: CHANNEL, ...now })).toMatchObject({
        status: 'rescheduled',
      });
      expect(await admin.cancel(goneToo)).toMatchObject([{ status: 'cancelled' }]);
      expect(await admin.reschedule(earlyToo, now)).toMatchObject([{ status: 'rescheduled' }]);
      const all = await eventually(
        'all to end',
        async () => (await receiptsOf(env)).flat(),
        (receipts) => receipts.length === 4,
      );
      expect(tallyOf(all)).toEqual({ 'delivered/sent': 2, 'suppressed/cancelled': 2 });
      expect(await producer.cancel(early, { channel: CHANNEL })).toMatchObject({ status: 'too_late' });
      expect(await producer.cancel('nobody', { channel: CHANNEL })).toMatchObject({ status: 'unknown' });
    } finally {
      await producer.close();
      await admin.close();
    }
  });

  it('deals out a campaign that was started before anybody knew of its shards', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(SHARDED);
    expect(await env.producer.campaign(SPRING, recipients(20))).toMatchObject({ created: true, listed: 20 });
    // Another list, of people that the first one has.
    expect(await env.producer.campaign(SPRING, recipients(5))).toMatchObject({ created: false, listed: 5 });
    const configured = createAdmin({ redis: env.server.url, config: env.config() as WorkerConfig });
    try {
      expect(await configured.campaigns.show('spring')).toMatchObject([{ state: 'running', waiting: 25 }]);
    } finally {
      await configured.close();
    }
    await env.worker();
    expect(await settled(env, 20)).toMatchObject({ 'delivered/sent': 20 });
    await knowing(env, async ({ admin, producer }) => {
      const shown = async () => (await admin.campaigns.show('spring'))[0];
      const counts = { waiting: 0, underWay: 0, ends: [{ state: 'delivered', reason: 'sent' }] };
      expect(await shown()).toMatchObject({ state: 'done', listed: 25, duplicate: 5, ended: 20, ...counts });
      for (const key of await env.redis.keys('herald:*:campaign:*'))
        expect(await env.redis.pttl(key)).toBeGreaterThan(0);
      // Now in the shards, whose records know those who had it.
      expect(await producer.campaign(SPRING, recipients(25))).toMatchObject({ created: false, listed: 25 });
      expect(await settled(env, 25)).toMatchObject({ 'delivered/sent': 25 });
      await eventually('its end', shown, (campaign) => campaign?.state === 'done');
      expect(await shown()).toMatchObject({ listed: 50, duplicate: 25, ended: 25 });
      expect(env.sandbox.journal.report()).toMatchObject({ accepted: 25, calls: 25 });
    });
  });

  it('knows a play that was recorded before any worker announced it, by who lists its shards', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(SHARDED);
    const channels = [{ name: CHANNEL, platform: 'kongregate', shards: SHARDS }];
    const producer = createProducer({ redis: env.server.url, channels, timeoutMs: 120_000 });
    await producer.recordPlay({ channel: CHANNEL, to: { userId: 71 } }).finally(() => producer.close());
    await env.worker();
    await knowing(env, async ({ admin }) => {
      const explained = await admin.explainRecipient({ userId: 71 }, { channel: CHANNEL });
      expect(explained.play).toMatchObject({ kind: 'played' });
    });
  });

  it('cancels all to a person that wait at the home', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    const sendAt = new Date(Date.now() + 3_600_000);
    const ids = [await env.send(71, { sendAt }), await env.send(71, { sendAt })];
    await env.producer.campaign({ ...SPRING, sendAt }, [{ to: { userId: 71 } }, { to: { userId: 81 } }]);
    await env.send(81, { sendAt });
    await env.worker();
    await knowing(env, async ({ admin }) => {
      const cancelled = await admin.cancelRecipient({ userId: 71 }, { channel: CHANNEL });
      expect(cancelled.map(({ id, status }) => [id, status]).toSorted()).toEqual(
        [...ids, campaignMessageId('spring', '71')].map((id) => [id, 'cancelled']).toSorted(),
      );
    });
  });

  it('controls a campaign that waits at the home, and what of it was dealt out', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(SHARDED);
    await env.producer.campaign(SPRING, recipients(10));
    const sendAt = new Date(Date.now() + 3_600_000);
    await env.producer.campaign({ ...SPRING, id: 'later', sendAt }, recipients(10));
    await stopChannel(channelStore(env.redis, CHANNEL), 'paused');
    await env.worker();
    await eventually(
      'those of the first to be dealt out',
      () => dealtOut(env),
      (jobs) => jobs === 10,
    );
    await knowing(env, async ({ admin, producer }) => {
      expect((await admin.campaigns.list()).map(({ id, waiting }) => [id, waiting])).toEqual([
        ['later', 10],
        ['spring', 10],
      ]);
      const [first, second] = PLAYERS.map((userId) => ({ userId }));
      for (const id of ['spring', 'later']) {
        expect(await admin.campaigns.cancelRecipient(id, first)).toMatchObject([{ status: 'cancelled' }]);
        const message = campaignMessageId(id, String(second!.userId));
        expect(await producer.cancel(message, { channel: CHANNEL })).toMatchObject({ status: 'cancelled' });
        expect(await admin.campaigns.pause(id)).toEqual([{ id, status: 'paused', channel: CHANNEL }]);
      }
      await admin.channels.resume(CHANNEL);
      // Nothing holds the last one.
      await env.producer.send({ platform: 'kongregate', to: { userId: PLAYERS[59]! }, content: 'Hello' });
      await eventually(
        'that and those that were cancelled',
        async () => tallyOf((await receiptsOf(env)).flat()),
        (tally) => tally['delivered/sent'] === 1 && tally['suppressed/cancelled'] === 2,
      );
      expect(await admin.campaigns.resume('later')).toMatchObject([{ status: 'running' }]);
      for (const id of ['spring', 'later'])
        expect(await admin.campaigns.cancel(id)).toMatchObject([{ status: 'cancelled' }]);
      await eventually(
        'their ends',
        async () => (await admin.campaigns.list()).map(({ ended }) => ended),
        (ended) => ended.every((count) => count === 10),
      );
      expect(tallyOf((await receiptsOf(env)).flat())).toEqual({
        'delivered/sent': 1,
        'suppressed/cancelled': 20,
      });
      const again = producer.campaign({ ...SPRING, id: 'later', sendAt }, recipients(11));
      await expect(again).rejects.toThrow(CampaignCancelledError);
    });
  });

  it('shows a paused campaign as such while its list is open, and resumes it', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(SHARDED);
    await env.worker();
    await knowing(env, async ({ admin, producer }) => {
      const state = async () => (await admin.campaigns.show('spring'))[0]?.state;
      for (const count of [0, 10]) {
        await producer.campaign(SPRING, recipients(count), { open: true });
        await settled(env, count);
        expect(await state()).toBe('listing');
        expect(await admin.campaigns.pause('spring')).toMatchObject([{ status: 'paused' }]);
        expect(await state()).toBe('paused');
        expect(await admin.campaigns.resume('spring')).toMatchObject([{ status: 'running' }]);
        expect(await state()).toBe('listing');
      }
      await producer.campaign(SPRING, recipients(0));
      expect(await state()).toBe('done');
      expect(await admin.campaigns.pause('spring')).toMatchObject([{ status: 'done' }]);
    });
  });

  it('ends nobody a second time where a campaign is cancelled that was dealt out in part', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment(SHARDED);
    await env.producer.campaign(SPRING, recipients(20));
    await env.producer.campaign(SPRING, recipients(5));
    const [rest, whole] = (await env.queue.getJobs(['prioritized', 'waiting'])).toSorted(
      (a, b) => a.data.to.length - b.data.to.length,
    ) as [Job, Job];
    const add = ({ name, data, id, timestamp }: Job, to: unknown[]) =>
      env.queue.add(name, { ...data, to }, { jobId: id!, timestamp });
    // As if its worker had died halfway.
    for (const job of [rest, whole]) await job.remove();
    await add(whole, whole.data.to.slice(0, 10));
    await env.worker();
    expect(await settled(env, 10)).toEqual({ 'delivered/sent': 10 });
    await knowing(env, async ({ admin }) => {
      const [had, not] = [PLAYERS[0], PLAYERS[19]].map((userId) => ({ userId }));
      expect(await admin.campaigns.cancelRecipient('spring', had)).toMatchObject([{ status: 'too_late' }]);
      expect(await admin.campaigns.cancelRecipient('spring', not)).toMatchObject([{ status: 'cancelled' }]);
      await admin.campaigns.cancel('spring');
      for (const job of [whole, rest]) await add(job, job.data.to);
      expect(await settled(env, 20)).toEqual({ 'delivered/sent': 10, 'suppressed/cancelled': 10 });
      const ids = (await receiptsOf(env)).flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(20);
      expect(await admin.campaigns.show('spring')).toMatchObject([
        { listed: 25, waiting: 0, underWay: 0, duplicate: 5, ended: 20 },
      ]);
    });
  });

  it('ends nobody a second time whose cancel came after the delivery', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    await env.producer.campaign(SPRING, recipients(10));
    const [job] = (await env.queue.getJobs(['prioritized', 'waiting'])) as [Job];
    await env.worker();
    expect(await settled(env, 10)).toEqual({ 'delivered/sent': 10 });
    await knowing(env, async ({ admin }) => {
      const to = { userId: PLAYERS[0] };
      expect(await admin.campaigns.cancelRecipient('spring', to)).toMatchObject([{ status: 'too_late' }]);
      await env.queue.add(job.name, job.data, { jobId: job.id!, timestamp: job.timestamp });
      await env.send(PLAYERS[10]!);
      expect(await settled(env, 11)).toEqual({ 'delivered/sent': 11 });
      expect(await admin.campaigns.show('spring')).toMatchObject([{ listed: 10, waiting: 0, ended: 10 }]);
    });
  });

  it('loses and repeats nothing when a worker is killed as it deals out', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    const messages = PLAYERS.slice(0, 30).map((userId) => ({
      ...{ platform: 'kongregate', to: { userId }, content: 'Hello' },
    }));
    const dying = env.spawn();
    await dying.ready();
    dying.arm({ at: 'disposing', does: 'die' });
    await env.queue.add('messages', { v: 1, messages });
    for (const userId of PLAYERS.slice(30, 40))
      await env.addForeign({ v: 1, ...messages[0], to: { userId } });
    await dying.ended();
    await env.worker();
    // What was in flight as it died is proved to have arrived by the refusal of the same again.
    const {
      'delivered/sent': sent = 0,
      'delivered/presumed': presumed = 0,
      ...others
    } = await settled(env, 40);
    expect([sent + presumed, others]).toEqual([40, {}]);
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 40, acceptedMoreThanOnce: 0 });
  });

  it('is cancelled, rescheduled and played by whoever knows an id or a player', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({
      channel: { ...SHARDED.channel, eligibility: { playedWithin: '14d', whenUnknown: 'suppress' } },
    });
    await env.worker();
    await env.producer.recordPlays(
      PLAYERS.slice(0, 20).map((userId) => ({ channel: CHANNEL, to: { userId } })),
    );
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const ids: string[] = [];
    for (const userId of PLAYERS.slice(0, 20)) ids.push(await env.send(userId, { sendAt }));
    const gone = await Promise.all(
      ids.slice(0, 8).map((id) => env.producer.cancel(id, { channel: CHANNEL })),
    );
    expect(new Set(gone.map(({ status }) => status))).toEqual(new Set(['cancelled']));
    for (const id of ids.slice(8))
      expect(await env.producer.reschedule(id, { channel: CHANNEL, sendAt: new Date() })).toMatchObject({
        status: 'rescheduled',
      });
    await env.send(PLAYERS[30]!);
    expect(await env.producer.cancel('nobody', { channel: CHANNEL })).toMatchObject({ status: 'unknown' });
    // The jobs of those that were cancelled stay where they are.
    const all = await eventually(
      '21 final states',
      async () => (await receiptsOf(env)).flat(),
      ({ length }) => length === 21,
    );
    const tally = tallyOf(all);
    expect(tally).toEqual({ 'delivered/sent': 12, 'suppressed/cancelled': 8, 'suppressed/ineligible': 1 });
  });

  it('keeps its concurrency over all shards of a worker, and starves none of them', async ({
    openEnvironment,
    onTestFinished,
  }) => {
    // Slow enough that the messages of a shard do not all start in one turn.
    const sandbox = { faults: [{ kind: 'latency' as const, latencyMs: 60 }] };
    const env = await openEnvironment({ ...SHARDED, sandbox });
    const { proxy, channel } = await openHeldPlatform(env, onTestFinished);
    proxy.holdAnswers();
    const worker = await env.worker({ channel: { ...channel, concurrency: 4 } });
    await env.producer.sendMany(
      PLAYERS.map((userId) => ({ platform: 'kongregate' as const, to: { userId }, content: 'Hello' })),
    );
    const calls = () => env.sandbox.journal.report().calls;
    await eventually('four under way', calls, (count) => count === 4);
    expect(metric(await worker.metrics(), 'herald_in_flight', {})).toBe(4);
    proxy.releaseAnswers();
    expect(await settled(env, 60)).toEqual({ 'delivered/sent': 60 });
    const [, ...shards] = await receiptsOf(env);
    const half = shards
      .flat()
      .map(({ at }) => at)
      .sort((x, y) => x - y)[30]!;
    for (const [first] of shards) expect(first!.at).toBeLessThanOrEqual(half);
  });

  it('lists a campaign in all shards, the same however often it is started', async ({ openEnvironment }) => {
    const env = await openEnvironment(SHARDED);
    await env.worker();
    const spec = { id: 'spring', platform: 'kongregate' as const, content: 'Hello' };
    const recipients = PLAYERS.map((userId) => ({ to: { userId } }));
    expect(await env.producer.campaign(spec, recipients)).toMatchObject({ listed: 60, duplicate: 0 });
    expect(await env.producer.campaign(spec, recipients)).toMatchObject({ listed: 0, duplicate: 60 });
    expect(await settled(env, 60)).toEqual({ 'delivered/sent': 60 });
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 60, calls: 60 });
  });

  it('keeps its number of shards until nothing is left of it', async ({ openEnvironment }) => {
    const env = await openEnvironment({ channel: { ...SHARDED.channel, quota: false } });
    const first = await env.worker();
    await env.send(71);
    await settled(env, 1);
    await env.send(81, { sendAt: new Date(Date.now() + 3_600_000).toISOString(), id: 'later' });
    for (const shards of [8, undefined]) {
      const other = await env.worker({ channel: { shards }, idle: true });
      await expect(other.start()).rejects.toThrow(ShardsChangedError);
      await expect(other.start()).rejects.toThrow();
    }
    await env.send(91);
    await eventually(
      'it to go on',
      () => env.sandbox.journal.report().accepted,
      (count) => count === 2,
    );
    await env.producer.cancel('later', { channel: CHANNEL });
    await first.close();
  });

  for (const shards of [2, undefined])
    it(`loses nothing to a producer that goes by another number than ${shards}`, async ({
      openEnvironment,
    }) => {
      const open = SHARDED.channel;
      const env = await openEnvironment({ channel: { ...open, quota: false } });
      const first = await env.worker();
      const announced = (await env.redis.hget('herald:channels', CHANNEL))!;
      await first.close();
      await env.worker({ channel: { ...open, quota: false, shards } });
      await env.redis.hset('herald:channels', CHANNEL, announced);
      await Promise.all(PLAYERS.slice(0, 20).map((userId) => env.send(userId)));
      expect(await settled(env, 20)).toEqual({ 'delivered/sent': 20 });
    });
});
