import { beforeEach, describe, expect, it } from 'vitest';
import { controlCampaign } from '../../src/jobs/control-campaign.ts';
import { entryId, newCampaignJobId } from '../../src/jobs/job-ids.ts';
import { createCampaign, listChunk } from '../../src/ledger/campaigns.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { loadScript } from '../../src/ledger/script.ts';
import { HOUR, type Lab, openLab, useStore } from '../ledger/harness.ts';

const store = useStore();
let lab: Lab;
beforeEach(async () => {
  lab = await openLab(store);
});

const leave = loadScript('leave.lua');
const queueKey = (key: string): string => `${lab.base.slice(0, -'ledger'.length)}${key}`;
const delayedBeyond = async (at: number): Promise<string[]> =>
  (await store.redis.zrangebyscore(queueKey('delayed'), (at + 1) * 0x1000, '+inf')).toSorted();

/** A campaign with a job that is delayed by an hour, and a message that has left it for as long. */
async function delayed(id: string, sendAt?: number): Promise<{ job: string; left: string }> {
  await createCampaign(lab.store, { id, message: '{}', sendAt });
  const job = newCampaignJobId(id, 2);
  const due = (await store.now()) + HOUR;
  const data = '{}';
  await listChunk(lab.store, { id, jobId: job, priority: 0, dueAt: due, digest: 'a', count: 2, data });
  const left = entryId(job, 1);
  await lab.store.run(leave, [JSON.stringify([{ id: left, t: '1', p: 1, due }]), data]);
  return { job, left };
}

describe('a campaign', () => {
  it('that is resumed has its jobs brought forward, and what has left them waits on', async () => {
    const [spring, other] = [await delayed('spring'), await delayed('other')];
    expect((await controlCampaign(lab.store, 'spring', 'pause')).state).toBe('paused');
    expect(await delayedBeyond(await store.now())).toContain(spring.job);
    expect((await controlCampaign(lab.store, 'spring', 'resume')).state).toBe('running');
    expect(await delayedBeyond(await store.now())).toEqual([spring.left, other.job, other.left].toSorted());
  });

  it('that is resumed before its time waits for it', async () => {
    const sendAt = (await store.now()) + HOUR / 2;
    const { job, left } = await delayed('spring', sendAt);
    await controlCampaign(lab.store, 'spring', 'resume');
    expect(await delayedBeyond(sendAt)).toEqual([left]);
    expect(await delayedBeyond(sendAt - 1)).toEqual([job, left].toSorted());
  });

  it('that is cancelled has all of it brought forward', async () => {
    const other = await delayed('other');
    await delayed('spring');
    expect((await controlCampaign(lab.store, 'spring', 'cancel')).state).toBe('cancelled');
    expect(await delayedBeyond(await store.now())).toEqual([other.job, other.left].toSorted());
    expect((await controlCampaign(lab.store, 'spring', 'resume')).state).toBe('cancelled');
    expect((await controlCampaign(lab.store, 'none', 'cancel')).state).toBe('unknown');
  });

  it('that is brought forward is scheduled no longer, or for as long as it waits then', async () => {
    const scheduled = async () => (await readChannelState(lab.store)).more.scheduled;
    const sendAt = (await store.now()) + HOUR / 2;
    await delayed('spring', sendAt);
    expect(await scheduled()).toBe(1);
    await controlCampaign(lab.store, 'spring', 'resume');
    expect(await store.redis.hkeys(`${lab.base}:waiting:due`)).toEqual([
      `swept`,
      `more:${Math.ceil(sendAt / 1000)}`,
    ]);
    await delayed('other');
    expect(await scheduled()).toBe(2);
    await controlCampaign(lab.store, 'other', 'cancel');
    expect(await scheduled()).toBe(1);
    await controlCampaign(lab.store, 'spring', 'cancel');
    expect(await scheduled()).toBe(0);
  });

  it('that is cancelled has all of it brought forward, however much it is', async () => {
    await createCampaign(lab.store, { id: 'spring', message: '{}' });
    const due = (await store.now()) + HOUR;
    const jobs = Array.from({ length: 25_000 }, (_, i) => {
      const job = i % 5 === 0 ? `m_${i}` : entryId(newCampaignJobId('spring', 500), i % 500);
      return [(due + i) * 0x1000, job] as const;
    });
    await store.redis.zadd(queueKey('delayed'), ...jobs.flat());
    await controlCampaign(lab.store, 'spring', 'cancel');
    expect(await delayedBeyond(await store.now())).toHaveLength(5_000);
  });
});
