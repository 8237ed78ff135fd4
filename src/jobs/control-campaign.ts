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

/**
 * The same in all stores of a channel, its home first, which may deal out messages of it that it has listed. A start that is under way
 * creates it in one store after the other, and then asks the first that had it what is wanted. So that one is told before the others, and
 * those that did not have it are asked again.
 * @returns as the first store that has it answers; `changed` if it was changed in any
 */
export async function controlInAll(
  stores: readonly ChannelStore[],
  id: string,
  operation: 'pause' | 'resume' | 'cancel',
): Promise<CampaignChange> {
  const control = (store: ChannelStore): Promise<CampaignChange> => controlCampaign(store, id, operation);
  const isKnown = ({ state }: CampaignChange): boolean => state !== 'unknown';
  const known: CampaignChange[] = [];
  for (let left = stores; left.length > 0; ) {
    const changes: CampaignChange[] = [];
    for (const store of left) if (!changes.some(isKnown)) changes.push(await control(store));
    changes.push(...(await Promise.all(left.slice(changes.length).map(control))));
    if (!changes.some(isKnown)) break;
    known.push(...changes.filter(isKnown));
    left = left.filter((_, i) => !isKnown(changes[i]!));
  }
  return { state: known[0]?.state ?? 'unknown', changed: known.some(({ changed }) => changed) };
}
