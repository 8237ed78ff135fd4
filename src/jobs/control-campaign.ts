import { setCampaignState } from '../ledger/campaigns.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { bringForward } from './control.ts';
import { isOfCampaign, isPart } from './job-ids.ts';

/** `unknown`: there is no such campaign. */
export type CampaignControl = 'running' | 'paused' | 'cancelled' | 'unknown';

/**
 * Pauses, resumes or cancels a campaign, from its next admission on: what is in flight or in doubt is resolved as usual. What is
 * paused still expires. Safe to repeat, also to make up for a call that was interrupted.
 * @returns the state that it has then: a campaign that was cancelled stays so
 */
export async function controlCampaign(
  store: Pick<ChannelStore, 'run' | 'redis' | 'keys'>,
  id: string,
  operation: 'pause' | 'resume' | 'cancel',
): Promise<CampaignControl> {
  const state = await setCampaignState(store, id, operation);
  if (operation === 'resume' && state === 'running') {
    // What has left the campaign's jobs waits for a reason of its own, or comes back within a minute; and so does a job that a
    // worker read as paused before this and delays after it.
    const due = Number(await store.redis.hget(store.keys.campaign(id), 'sendAt'));
    await bringForward(store, Math.max(1, due), (jobId) => isOfCampaign(jobId, id) && !isPart(jobId));
  }
  // Its messages end now, and not when they would have been sent.
  if (operation === 'cancel' && state === 'cancelled') {
    await bringForward(store, 1, (jobId) => isOfCampaign(jobId, id));
  }
  return state;
}
