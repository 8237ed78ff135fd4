import { beforeEach, describe, expect, it } from 'vitest';
import { CAMPAIGN_JOB, MAX_MESSAGES, newCampaignJobId } from '../../src/jobs/job-ids.ts';
import { campaignPace } from '../../src/ledger/campaign-pace.ts';
import {
  type Chunk,
  createCampaign,
  finishListing,
  listCampaigns,
  listChunk,
  readCampaign,
  setCampaignState,
} from '../../src/ledger/campaigns.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { DAY, HOUR, type Lab, openLab, repeating, useStore } from './harness.ts';

const store = useStore();
let lab: Lab;
beforeEach(async () => {
  lab = await openLab(store);
});

const MESSAGE = '{"platform":"kongregate","content":"Hello"}';
const create = (id = 'spring', message = MESSAGE) => createCampaign(lab.store, { id, message });
const chunk = (fields: Partial<Chunk> = {}): Chunk => ({
  id: 'spring',
  jobId: newCampaignJobId('spring', 2),
  priority: 0,
  dueAt: undefined,
  digest: 'first',
  count: 2,
  data: '{"v":2,"campaign":"spring","by":"userId","to":[1,2]}',
  ...fields,
});
const list = (fields: Partial<Chunk> = {}) => listChunk(lab.store, chunk(fields));
const queueKey = (key: string): string => `${lab.base.slice(0, -'ledger'.length)}${key}`;
const expiryOf = async (key: string): Promise<number> => Number(await store.redis.call('PEXPIRETIME', key));
const waitingJobs = () => store.redis.zrange(queueKey('prioritized'), '0', '-1');

describe('the creation of a campaign', () => {
  it('keeps what its messages have in common, for a week beyond their life', async () => {
    const before = await store.now();
    const { status, expiresAt } = await create();
    expect(status).toBe('created');
    expect(expiresAt).toBeGreaterThanOrEqual(before + 7 * DAY);
    expect(await readCampaign(lab.store, 'spring')).toMatchObject({
      id: 'spring',
      state: 'listing',
      message: JSON.parse(MESSAGE),
      expiresAt,
      ...{ sendAt: 0, listed: 0, waiting: 0, underWay: 0, duplicate: 0, ends: [], replayed: 0, perMinute: 0 },
    });
    for (const key of [lab.store.keys.campaigns, lab.store.keys.campaign('spring')]) {
      expect(await expiryOf(key)).toBe(expiresAt + 7 * DAY);
    }
  });

  it('finds the one that there is by its content, and refuses another content', async () => {
    const { expiresAt } = await create();
    await finishListing(lab.store, 'spring');
    expect(await create()).toEqual({ status: 'exists', expiresAt });
    expect(await readCampaign(lab.store, 'spring')).toMatchObject({ state: 'listing' });
    expect(await create('spring', '{"platform":"kongregate","content":"Bye"}')).toEqual({
      status: 'conflict',
      expiresAt,
    });
    await setCampaignState(lab.store, 'spring', 'cancel');
    expect(await create()).toEqual({ status: 'cancelled', expiresAt });
  });

  it('finds nothing, and creates nothing, where it is only looked for', async () => {
    const find = () => createCampaign(lab.store, { id: 'spring', message: MESSAGE, find: true });
    expect(await find()).toEqual({ status: 'unknown', expiresAt: 0 });
    expect(await readCampaign(lab.store, 'spring')).toBeUndefined();
    const { expiresAt } = await create();
    expect(await find()).toEqual({ status: 'exists', expiresAt });
  });

  it('is told as expired when its messages are, and other content or a cancel before that', async () => {
    const expiresAt = (await store.now()) - 1;
    const again = (message = MESSAGE) => createCampaign(lab.store, { id: 'spring', message });
    expect(await createCampaign(lab.store, { id: 'spring', message: MESSAGE, expiresAt })).toEqual({
      status: 'created',
      expiresAt,
    });
    await finishListing(lab.store, 'spring');
    expect(await again()).toEqual({ status: 'expired', expiresAt });
    // A start that adds nothing does not list.
    expect(await readCampaign(lab.store, 'spring')).toMatchObject({ state: 'done' });
    expect(await again('{"content":"Bye"}')).toMatchObject({ status: 'conflict' });
    await setCampaignState(lab.store, 'spring', 'cancel');
    expect(await again()).toMatchObject({ status: 'cancelled' });
  });

  it('lasts as long as the longest of them', async () => {
    const { redis } = store;
    const now = await store.now();
    await createCampaign(lab.store, { id: 'long', message: MESSAGE, expiresAt: now + 30 * DAY });
    await createCampaign(lab.store, { id: 'short', message: MESSAGE, expiresAt: now + HOUR });
    expect(await expiryOf(lab.store.keys.campaigns)).toBe(now + 37 * DAY);
    expect((await listCampaigns(lab.store)).map(({ id }) => id)).toEqual(['short', 'long']);
    await redis.del(lab.store.keys.campaign('long'));
    expect((await listCampaigns(lab.store)).map(({ id }) => id)).toEqual(['short']);
    expect(await redis.zrange(lab.store.keys.campaigns, '0', '-1')).toEqual(['short']);
    await redis.del(lab.store.keys.campaign('short'));
    await create('next');
    expect(await redis.zrange(lab.store.keys.campaigns, '0', '-1')).toEqual(['next']);
  });
});

describe('a list of recipients', () => {
  it('becomes a job, and is counted', async () => {
    const { expiresAt } = await create();
    const { jobId, data } = chunk();
    expect(await list({ jobId, priority: 3 })).toBe('listed');
    expect(await waitingJobs()).toEqual([jobId]);
    expect(await store.redis.hgetall(queueKey(jobId))).toMatchObject({
      name: CAMPAIGN_JOB,
      data,
      priority: '7',
    });
    expect(await readCampaign(lab.store, 'spring')).toMatchObject({ listed: 2, waiting: 2 });
    const kept = await expiryOf(lab.store.keys.campaignChunks('spring'));
    expect(kept).toBe(expiresAt + 7 * DAY);
  });

  it('becomes a job no older than the campaign, also where the clock of its store is behind', async () => {
    await create();
    const created = (await store.now()) + HOUR;
    await store.redis.hset(lab.store.keys.campaign('spring'), 'created', created);
    const { jobId } = chunk();
    expect(await list({ jobId })).toBe('listed');
    expect(await store.redis.hget(queueKey(jobId), 'timestamp')).toBe(`${created}`);
  });

  it('is taken once, whoever lists it again', async () => {
    await create();
    expect(await list()).toBe('listed');
    expect(await list()).toBe('duplicate');
    expect(await list({ digest: 'second' })).toBe('listed');
    expect(await waitingJobs()).toHaveLength(2);
    expect(await readCampaign(lab.store, 'spring')).toMatchObject({ listed: 4, waiting: 4 });
  });

  it('is answered alike where the answer was lost', async () => {
    await create();
    const unsure = channelStore(repeating(store.redis), lab.channel);
    expect(await listChunk(unsure, chunk())).toBe('listed');
    expect(await waitingJobs()).toHaveLength(1);
    expect(await readCampaign(lab.store, 'spring')).toMatchObject({ listed: 2 });
  });

  it('waits for its moment', async () => {
    await create();
    const dueAt = (await store.now()) + HOUR;
    const { jobId } = chunk();
    await list({ jobId, dueAt });
    expect(await waitingJobs()).toEqual([]);
    const score = Number(await store.redis.zscore(queueKey('delayed'), jobId));
    expect(Math.floor(score / 0x1000)).toBe(dueAt);
  });

  it('is refused where there is no such campaign, or no longer', async () => {
    expect(await list()).toBe('unknown');
    await create();
    await setCampaignState(lab.store, 'spring', 'cancel');
    expect(await list()).toBe('cancelled');
    expect(await waitingJobs()).toEqual([]);
  });

  it('takes at most 24 bytes a recipient', async () => {
    await create();
    const jobs = Array.from({ length: 40 }, (_, job) =>
      chunk({
        jobId: newCampaignJobId('spring', MAX_MESSAGES),
        digest: `digest-of-22-chars-${100 + job}`,
        count: MAX_MESSAGES,
        data: JSON.stringify({
          ...{ v: 2, campaign: 'spring', by: 'userId' },
          to: Array.from({ length: MAX_MESSAGES }, (_, i) => 10_000_000 + 7 * (job * MAX_MESSAGES + i)),
        }),
      }),
    );
    for (const each of jobs) expect(await listChunk(lab.store, each)).toBe('listed');
    const keys = [
      ...jobs.map(({ jobId }) => queueKey(jobId)),
      ...[queueKey('prioritized'), lab.store.keys.campaigns],
      ...[lab.store.keys.campaign('spring'), lab.store.keys.campaignChunks('spring')],
    ];
    const bytes = await Promise.all(
      keys.map((key) => store.redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')),
    );
    const all = bytes.reduce((sum: number, each) => sum + Number(each), 0);
    expect(all / (40 * MAX_MESSAGES)).toBeLessThan(24);
  });
});

describe('the state of a campaign', () => {
  const state = async () => (await readCampaign(lab.store, 'spring'))?.state;

  it('is what it was told last, and cancelled for good', async () => {
    await create();
    await list();
    await finishListing(lab.store, 'spring');
    expect(await state()).toBe('running');
    expect((await setCampaignState(lab.store, 'spring', 'pause')).state).toBe('paused');
    expect(await state()).toBe('paused');
    expect((await setCampaignState(lab.store, 'spring', 'resume')).state).toBe('running');
    expect((await setCampaignState(lab.store, 'spring', 'cancel')).state).toBe('cancelled');
    expect((await setCampaignState(lab.store, 'spring', 'resume')).state).toBe('cancelled');
    expect((await setCampaignState(lab.store, 'spring', 'pause')).state).toBe('cancelled');
    expect(await state()).toBe('cancelled');
  });

  it('is done where nothing is left of it', async () => {
    await create();
    await finishListing(lab.store, 'spring');
    expect(await state()).toBe('done');
  });

  it('is listing until its messages expire, whether or not its list came to an end', async () => {
    const shown = async () => [await state(), (await readChannelState(lab.store)).campaigns.states];
    await create();
    expect(await shown()).toEqual(['listing', { listing: 1 }]);
    await store.redis.hset(lab.store.keys.campaign('spring'), 'expires', await store.now());
    expect(await shown()).toEqual(['done', { done: 1 }]);
    await store.redis.hset(lab.store.keys.campaign('spring'), 'listed', 1);
    expect(await shown()).toEqual(['running', { running: 1 }]);
  });

  it('is unknown of one that was never created', async () => {
    expect((await setCampaignState(lab.store, 'spring', 'pause')).state).toBe('unknown');
    await finishListing(lab.store, 'spring');
    expect(await readCampaign(lab.store, 'spring')).toBeUndefined();
  });
});

describe('the figures of all campaigns', () => {
  it('are those of each, added up', async () => {
    const totals = async () => (await readChannelState(lab.store)).campaigns;
    expect(await totals()).toEqual({ states: {}, waiting: 0, underWay: 0, paused: 0 });
    await create();
    await list();
    await create('summer');
    await create('autumn');
    await finishListing(lab.store, 'autumn');
    expect(await totals()).toEqual({ states: { listing: 2, done: 1 }, waiting: 2, underWay: 0, paused: 0 });
    await finishListing(lab.store, 'spring');
    await setCampaignState(lab.store, 'summer', 'pause');
    await store.redis.hset(lab.store.keys.campaign('spring'), 'underWay', '1');
    expect(await totals()).toEqual({
      states: { paused: 1, running: 1, done: 1 },
      waiting: 1,
      underWay: 1,
      paused: 0,
    });
    await setCampaignState(lab.store, 'spring', 'cancel');
    expect((await totals()).states).toEqual({ paused: 1, cancelled: 1, done: 1 });
  });
});

describe('the pace of a campaign', () => {
  const NOW = 1_000_000_000_000;
  const step = NOW / 10_000;

  it('is that of the last minute', () => {
    const fields = Object.fromEntries([1, 2, 3, 4, 5, 6].map((ago) => [`pace:${ago}`, `${step - ago} 50`]));
    expect(campaignPace(fields, NOW)).toBe(300);
  });

  it('is that of the time since it began, where that is less', () => {
    expect(campaignPace({ 'pace:1': `${step - 1} 100`, 'pace:0': `${step} 50` }, NOW + 5_000)).toBe(600);
  });

  it('is none where it stands still', () => {
    expect(campaignPace({ 'pace:1': `${step - 7} 100` }, NOW)).toBe(0);
    expect(campaignPace({}, NOW)).toBe(0);
  });
});
