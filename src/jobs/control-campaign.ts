import { type CampaignChange, setCampaignState } from '../ledger/campaigns.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { bringForward } from './control.ts';
import { isOfCampaign, isPart } from './job-ids.ts';

/**
 * Pauses, resumes or cancels a campaign, from its next admission on: what is in flight or in doubt is resolved as usual. What is
 * paused still expires. Safe to repeat, also to make up for a call that was interrupted.
 */
export async function controlCampaign(
  store: Pick<ChannelStore, 'run' | 'redis' | 'keys'>,
  id: string,
  operation: 'pause' | 'resume' | 'cancel',
): Promise<CampaignChange> {
  const change = await setCampaignState(store, id, operation);
  if (operation === 'resume' && change.state === 'running') {
    // What has left the campaign's jobs waits for a reason of its own, or comes back within a minute; and so does a job that a
    // worker read as paused before this and delays after it.
    const due = Number(await store.redis.hget(store.keys.campaign(id), 'sendAt'));
    await bringForward(store, Math.max(1, due), (jobId) => isOfCampaign(jobId, id) && !isPart(jobId));
  }
  // Its messages end now, and not when they would have been sent.
  if (operation === 'cancel' && change.state === 'cancelled') {
    await bringForward(store, 1, (jobId) => isOfCampaign(jobId, id));
  }
  return change;
}
