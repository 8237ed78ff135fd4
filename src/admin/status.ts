import { aliveWorkers, type WorkerIdentity } from '../channels/heartbeats.ts';
import type { Installation } from '../channels/installation.ts';
import { sampleChannel } from '../channels/sampler.ts';
import type { ChannelState } from '../ledger/channel-state.ts';
import type { ChannelSample, HoldReason } from '../observe/sample.ts';
import { type CampaignOverview, overviews } from './campaigns/campaigns.ts';

/** The status of one channel: the values of its gauges, and since when it is stopped or until when it rests. */
export interface ChannelStatus
  extends Omit<ChannelSample, 'at' | 'resting' | 'stopped' | 'liveWorkers' | 'enqueued'> {
  /** Times in milliseconds since the epoch, store's clock. */
  stopped: Hold | null;
  resting: ChannelState['resting'];
  /** The workers that serve it now. */
  workers: WorkerIdentity[];
  /** Its campaigns that are not over: listing, running or paused; the latest first. */
  campaigns: CampaignOverview[];
}

/** What stops a channel until an operator acts. The instant is unknown if its queue was paused from a dashboard. */
export interface Hold {
  reason: HoldReason;
  at: number | null;
}

export const holdOf = ({ stopped }: Pick<ChannelState, 'stopped'>, queuePaused: boolean): Hold | null =>
  stopped ?? (queuePaused ? { reason: 'queue_paused', at: null } : null);

const isOver = (state: CampaignOverview['state']): boolean => state === 'done' || state === 'cancelled';

/** @param only names of channels; all of them when absent */
export async function readStatus(
  installation: Installation,
  only?: readonly string[],
): Promise<ChannelStatus[]> {
  const { clock, channels } = installation;
  const wanted = channels.filter(({ name }) => only?.includes(name) ?? true);
  return await Promise.all(
    wanted.map(async (channel) => {
      const { home, stores } = channel;
      const workers = await aliveWorkers(home);
      const taken = await sampleChannel(stores, clock);
      const { state, queuePaused, limited: _, at: __, liveWorkers: ___, enqueued: ____, ...sample } = taken;
      const campaigns = (await overviews([channel])).filter(({ state }) => !isOver(state));
      const stopped = holdOf(state, queuePaused);
      return { ...sample, stopped, resting: state.resting, workers, campaigns };
    }),
  );
}
