import { CAMPAIGN_VERSION, newCampaignJobId } from '../../src/jobs/job-ids.ts';
import {
  type CampaignState,
  createCampaign,
  finishListing,
  listChunk,
  readCampaign,
} from '../../src/ledger/campaigns.ts';
import type { ChannelStore } from '../../src/redis/channel-store.ts';

/** A campaign as a producer starts one, in chunks of a size of the test's own. */
export interface StartedCampaign {
  readonly id: string;
  state(): Promise<CampaignState>;
  /** Final states as `state/reason`, once the counts add up. */
  ends(): Promise<Record<string, number>>;
}

export interface CampaignPlan {
  id?: string;
  /** What its messages have in common, besides platform and content. */
  fields?: Record<string, unknown>;
  /** As in the data of a job. */
  to: readonly unknown[];
  by?: string;
  /** Recipients of a job; all when absent, at most 500. */
  perJob?: number;
  sendAt?: number;
  expiresAt?: number;
}

export async function startCampaign(store: ChannelStore, plan: CampaignPlan): Promise<StartedCampaign> {
  const { id = 'spring', fields = {}, to, by = 'userId', perJob = 500, sendAt, expiresAt } = plan;
  const message = JSON.stringify({
    platform: 'kongregate',
    content: 'Hello',
    ...fields,
    ...(sendAt !== undefined && { sendAt: new Date(sendAt).toISOString() }),
  });
  await createCampaign(store, { id, message, sendAt, expiresAt });
  for (let from = 0; from < to.length; from += perJob) {
    const chunk = to.slice(from, from + perJob);
    await listChunk(store, {
      id,
      jobId: newCampaignJobId(id, chunk.length),
      priority: Number(fields['priority'] ?? 0),
      dueAt: sendAt,
      digest: `chunk-${from}`,
      count: chunk.length,
      data: JSON.stringify({ v: CAMPAIGN_VERSION, campaign: id, by, to: chunk }),
    });
  }
  await finishListing(store, id);
  const state = async (): Promise<CampaignState> => {
    const found = await readCampaign(store, id);
    if (!found) throw new Error(`campaign ${id} is gone`);
    return found;
  };
  return {
    id,
    state,
    async ends() {
      const { listed, waiting, underWay, duplicate, ends } = await state();
      const all = waiting + underWay + duplicate + ends.reduce((sum, { count }) => sum + count, 0);
      if (all !== listed) throw new Error(`${listed} listed, and ${all} counted`);
      return Object.fromEntries(ends.map((end) => [`${end.state}/${end.reason}`, end.count]));
    },
  };
}
