import { describe, expect } from 'vitest';
import type { MessageInput } from '../../src/app.ts';
import { sampleChannel } from '../../src/channels/sampler.ts';
import { systemClock } from '../../src/clock.ts';
import { replayListed } from '../../src/dead-letters/records.ts';
import { channelQueue } from '../../src/jobs/channel-queue.ts';
import { controlCampaign } from '../../src/jobs/control-campaign.ts';
import { campaignMessageId } from '../../src/ledger/names.ts';
import { type ChannelStore, channelStore } from '../../src/redis/channel-store.ts';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { unhurried } from '../../testing/slowness.ts';
import { startCampaign } from '../support/campaign.ts';
import { CHANNEL, type Environment, it } from '../support/environment.ts';

/** Players whom the sandbox knows and who play. */
const player = (n: number): number => 10 * n + 1;
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const players = (count: number): number[] => range(count).map(player);
const storeOf = ({ redis }: Environment): ChannelStore => channelStore(redis, CHANNEL);
const messageId = (n: number): string => campaignMessageId('spring', String(player(n)));

/** Final states of the campaign by its receipts, for the first run. */
async function told(env: Environment, run = 1): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const receipt of await env.receipts()) {
    if (receipt.campaign !== 'spring' || receipt.run !== run) continue;
    const end = `${receipt.state}/${receipt.reason}`;
    counts[end] = (counts[end] ?? 0) + 1;
  }
  return counts;
}

const some = (env: Environment, count: number) =>
  eventually(
    `${count} receipts`,
    () => env.receiptCount(),
    (seen) => seen >= count,
  );

/** With five requests at a time, 300 messages take 12 s: time enough to do something to the campaign while it is sent. */
const SLOW = { kind: 'latency', latencyMs: 200 } as const;

/** How often the platform accepted a message, by player. */
function accepted({ sandbox }: Environment): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { recipient } of sandbox.journal.calls())
    counts.set(recipient, (counts.get(recipient) ?? 0) + 1);
  return counts;
}

describe.concurrent('a campaign', () => {
  it('reaches everybody once, whoever is named twice', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const to = [...players(300), ...players(100), player(301), player(301)];
    const campaign = await startCampaign(storeOf(env), { to, perJob: 60 });
    // As a start that is repeated after a crash.
    await startCampaign(storeOf(env), { to, perJob: 60 });
    expect(await campaign.state()).toMatchObject({ state: 'running', listed: 402, waiting: 402 });
    const workers = [await env.worker(), await env.worker()];
    expect(await env.agreed(301, workers)).toEqual({ 'delivered/sent': 301 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 301, accepted: 301 });
    expect(await campaign.ends()).toEqual({ 'delivered/sent': 301 });
    expect(await campaign.state()).toMatchObject({ state: 'done', duplicate: 101, underWay: 0, waiting: 0 });
    expect(await told(env)).toEqual({ 'delivered/sent': 301 });
    const ids = (await env.receipts()).map(({ id }) => id);
    expect(ids).toContain(messageId(7));
    expect(new Set(ids).size).toBe(301);
  });

  it('holds from the next admission on when it is paused, and goes on when it is resumed', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({
      channel: { concurrency: 5 },
      sandbox: { faults: [SLOW] },
    });
    const store = storeOf(env);
    const campaign = await startCampaign(store, { to: players(300), perJob: 100 });
    const worker = await env.worker();
    await some(env, 30);
    expect((await controlCampaign(store, 'spring', 'pause')).state).toBe('paused');
    env.sandbox.faults.clear();
    // What was granted before ends; the jobs wait as a whole.
    await eventually(
      'the jobs to be put off',
      () => env.queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed'),
      (jobs) => jobs['delayed'] === 3 && jobs['active'] === 0,
    );
    const { waiting, underWay } = await campaign.state();
    expect(underWay).toBe(0);
    const { queue, campaignTotals } = await sampleChannel(
      [{ store, queue: channelQueue(env.queue, env.redis) }],
      systemClock,
    );
    expect(queue).toMatchObject({ ready: 0, active: 0, scheduled: waiting });
    expect(campaignTotals).toEqual({ states: { paused: 1 }, waiting, underWay: 0, paused: waiting });
    const calls = env.sandbox.journal.report().calls;
    expect(calls + waiting).toBe(300);
    // Not one by one: each job as it is.
    expect(metric(await worker.metrics(), 'herald_admissions_total', { verdict: 'paused' })).toBeLessThan(30);
    expect(
      metric(await worker.metrics(), 'herald_deferrals_total', { reason: 'campaign_paused' }),
    ).toBeGreaterThan(0);
    // Others go on.
    await env.producer.send({
      ...{ id: 'other', platform: 'kongregate', to: { userId: player(1_000) }, content: 'Hello' },
    } as MessageInput);
    await eventually('another message', async () => (await env.receipts()).some(({ id }) => id === 'other'));
    expect(env.sandbox.journal.report().calls).toBe(calls + 1);
    expect((await controlCampaign(store, 'spring', 'resume')).state).toBe('running');
    expect(await env.agreed(301, [worker])).toEqual({ 'delivered/sent': 301 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 301, accepted: 301 });
    expect(await campaign.ends()).toEqual({ 'delivered/sent': 300 });
  });

  it('ends as a whole when it is cancelled half way, and its counts are those of its receipts', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({
      channel: { concurrency: 5 },
      sandbox: { faults: [SLOW] },
    });
    const store = storeOf(env);
    const campaign = await startCampaign(store, { to: [...players(300), ...players(20)], perJob: 100 });
    const worker = await env.worker();
    await some(env, 50);
    expect((await controlCampaign(store, 'spring', 'cancel')).state).toBe('cancelled');
    env.sandbox.faults.clear();
    const ends = await env.agreed(300, [worker]);
    const sent = ends['delivered/sent'] ?? 0;
    expect(sent).toBeLessThan(300);
    expect(ends).toEqual({ 'delivered/sent': sent, 'suppressed/cancelled': 300 - sent });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: sent, accepted: sent });
    expect(await campaign.ends()).toEqual(ends);
    expect(await told(env)).toEqual(ends);
    expect(await campaign.state()).toMatchObject({
      state: 'cancelled',
      waiting: 0,
      underWay: 0,
      duplicate: 20,
    });
  });

  it('fills in what is given of each recipient, and buries one that is wrong by itself', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const campaign = await startCampaign(storeOf(env), {
      fields: { content: 'Hello {{ name }}, {{ greeting }}', data: { name: 'friend', greeting: 'welcome' } },
      to: [
        { to: player(1), data: { name: 'Ada' } },
        { to: { userId: player(2) }, data: { greeting: 'hi' }, lastPlayedAt: new Date().toISOString() },
        player(3),
        { to: player(4), data: 7 },
        { to: player(5), content: 'Not yours to say' },
        { to: { userId: 'x' } },
        null,
      ],
    });
    await env.worker();
    expect(await env.settled(7)).toEqual({ 'delivered/sent': 3, 'dead/invalid_message': 4 });
    expect(await campaign.ends()).toEqual({ 'delivered/sent': 3, 'dead/invalid_message': 4 });
    const texts = env.sandbox.journal.calls().map(({ recipient, content }) => `${recipient}: ${content}`);
    expect(texts.toSorted()).toEqual(
      [
        `${player(1)}: Hello Ada, welcome`,
        `${player(2)}: Hello friend, hi`,
        `${player(3)}: Hello friend, welcome`,
      ].toSorted(),
    );
    const letters = await env.letters();
    expect(letters.map(({ detail }) => detail)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('data: expected an object'),
        'content: is not a known field',
        expect.stringContaining('to.userId'),
      ]),
    );
  });

  it('waits for its time, and expires', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const store = storeOf(env);
    const soon = Date.now() + 1_500;
    const campaign = await startCampaign(store, { to: players(20), sendAt: soon });
    const late = await startCampaign(store, {
      ...{ id: 'late', to: range(20).map((n) => player(n + 100)), expiresAt: Date.now() - 1 },
    });
    await env.worker();
    expect(await env.settled(40)).toEqual({ 'delivered/sent': 20, 'suppressed/expired': 20 });
    expect(Math.min(...env.sandbox.journal.calls().map(({ at }) => at))).toBeGreaterThanOrEqual(soon);
    expect(await campaign.ends()).toEqual({ 'delivered/sent': 20 });
    expect(await late.ends()).toEqual({ 'suppressed/expired': 20 });
  });

  it('expires also while it is paused', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const store = storeOf(env);
    const expiresAt = Date.now() + unhurried(2_000);
    const campaign = await startCampaign(store, { to: players(20), expiresAt });
    await controlCampaign(store, 'spring', 'pause');
    await env.worker();
    expect(await env.settled(20)).toEqual({ 'suppressed/expired': 20 });
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
    expect(await campaign.state()).toMatchObject({ state: 'done' });
  });

  it('is left by a message that is tried again, which comes back with its content', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({
      channel: { retry: { attempts: 3, base: '200ms', cap: '300ms' } },
      sandbox: { faults: [{ kind: 'server_error', count: 3 }] },
    });
    const campaign = await startCampaign(storeOf(env), { to: players(30) });
    const worker = await env.worker();
    expect(await env.agreed(30, [worker])).toEqual({ 'delivered/sent': 30 });
    expect([...accepted(env).values()].filter((calls) => calls > 1)).toHaveLength(3);
    expect(await campaign.ends()).toEqual({ 'delivered/sent': 30 });
    expect(await campaign.state()).toMatchObject({ state: 'done' });
  });

  it('has dead letters that are whole, whose replays are counted apart', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      channel: { retry: { attempts: 1 }, quota: false },
      sandbox: { faults: [{ kind: 'reset', count: 2 }] },
    });
    const store = storeOf(env);
    const campaign = await startCampaign(store, {
      to: players(10),
      fields: { content: 'Hello {{ name }}', data: { name: 'Ada' } },
    });
    await env.worker();
    await env.settled(10);
    const letters = await env.letters();
    expect(letters.length).toBeGreaterThan(0);
    const dead = letters.length;
    expect((await campaign.ends())[`dead/${letters[0]!.reason}`]).toBe(dead);
    const data = JSON.parse((await env.redis.hget(store.keys.deadLetterData, letters[0]!.name)) ?? '');
    expect(data).toMatchObject({ v: 1, campaign: 'spring', id: letters[0]!.id, content: 'Hello {{ name }}' });
    await replayListed(store, letters);
    await env.settled(10 + dead);
    expect(await told(env, 2)).toEqual({ 'delivered/sent': dead });
    expect(await campaign.state()).toMatchObject({ state: 'done', replayed: dead, underWay: 0 });
    await campaign.ends();
  });

  it('whose content is gone ends as dead letters that name it', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const store = storeOf(env);
    await startCampaign(store, { to: players(3) });
    await env.redis.del(store.keys.campaign('spring'), store.keys.campaignChunks('spring'));
    await env.worker();
    expect(await env.settled(3)).toEqual({ 'dead/invalid_message': 3 });
    const [letter] = await env.letters();
    expect(letter).toMatchObject({ detail: 'campaign: spring is not known any more', jobName: 'campaign' });
    // A campaign that is started later under this name may say something else: a replay does not take its content.
    const later = await startCampaign(store, { to: [] });
    await replayListed(store, await env.letters());
    expect(await env.settled(6)).toEqual({ 'dead/invalid_message': 6 });
    expect(await later.state()).toMatchObject({ listed: 0, ends: [], replayed: 0 });
    // Who is listed in that one gets its message.
    await startCampaign(store, { to: players(3) });
    expect(await env.settled(9)).toEqual({ 'dead/invalid_message': 6, 'delivered/sent': 3 });
  });

  it('survives the death of its worker: nobody twice, nobody skipped', async ({ openEnvironment }) => {
    const env = await openEnvironment({ channel: { concurrency: 10 } });
    const campaign = await startCampaign(storeOf(env), {
      to: [...players(200), ...players(50)],
      perJob: 100,
    });
    await env.spawn({ failpoint: { at: 'answered', does: 'die', inMany: true } }).ended();
    await env.spawn({ failpoint: { at: 'settled', does: 'die', inMany: true } }).ended();
    await env.worker();
    const tally = await env.settled(200, { withinMs: 120_000 });
    expect(Object.keys(tally).every((end) => end.startsWith('delivered/'))).toBe(true);
    expect(env.sandbox.journal.report()).toMatchObject({ accepted: 200 });
    expect(await campaign.ends()).toEqual(tally);
    expect(await campaign.state()).toMatchObject({ state: 'done', duplicate: 50 });
  });

  it('is passed by what is urgent within what the rate allows in two seconds', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ channel: { rate: { max: 10, per: '1s' } } });
    await startCampaign(storeOf(env), { to: players(2_000) });
    await env.worker();
    await some(env, 10);
    const before = env.sandbox.journal.calls().length;
    await env.producer.send({
      ...{ id: 'urgent', platform: 'kongregate', to: { userId: player(9_000) }, content: 'Hello' },
    } as MessageInput);
    await eventually(
      'what is urgent',
      () => env.receipts(),
      (seen) => seen.some(({ id }) => id === 'urgent'),
    );
    const passed = env.sandbox.journal.calls().findIndex(({ recipient }) => recipient === `${player(9_000)}`);
    expect(passed - before).toBeLessThan(20);
  });

  it('leaves out one recipient whose message is cancelled by its id', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const campaign = await startCampaign(storeOf(env), { to: players(20) });
    expect(await env.producer.cancel(messageId(7), { channel: CHANNEL })).toMatchObject({
      status: 'cancelled',
    });
    const worker = await env.worker();
    expect(await env.agreed(20, [worker])).toEqual({ 'delivered/sent': 19, 'suppressed/cancelled': 1 });
    expect(accepted(env).has(String(player(7)))).toBe(false);
    expect(await campaign.ends()).toEqual({ 'delivered/sent': 19, 'suppressed/cancelled': 1 });
  });
});
