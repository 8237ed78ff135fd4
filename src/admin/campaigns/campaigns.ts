import { combineStates } from '../../channels/combine-samples.ts';
import { aliveWorkers } from '../../channels/heartbeats.ts';
import type { InstallationParts, OperatedChannel } from '../../channels/installation.ts';
import { controlInAll } from '../../jobs/control-campaign.ts';
import type { CampaignEnd, CampaignState } from '../../ledger/campaigns.ts';
import { readChannelState, waitsFor } from '../../ledger/channel-state.ts';
import { campaignMessageId } from '../../ledger/names.ts';
import { RECIPIENT_CAUSES } from '../../outcome.ts';
import { type CancelResult, cancelWhere } from '../../producer/control.ts';
import type { Source } from '../../producer/source-reader.ts';
import type { RecordAct } from '../audit.ts';
import { keyOfRecipient, placesOfRecipient } from '../cancel-recipient.ts';
import type { ChannelResult } from '../message-control.ts';
import { channelsOf } from '../require-channel.ts';
import type { Session } from '../session.ts';
import { type CampaignDryRun, type CampaignDryRunOptions, dryRunCampaign } from './dry-run.ts';
import { campaignEta } from './eta.ts';
import { campaignsOf } from './states.ts';

/** An admin's operations on campaigns. The id of a campaign is unique within its channel. */
export interface CampaignAdmin {
  /** The campaigns of one channel or of all, latest of a channel first; kept until a week after their messages expire. */
  list(options?: OfChannel): Promise<CampaignOverview[]>;
  /** The campaign of this id, from every channel that has one; empty if none has. */
  show(id: string, options?: OfChannel): Promise<CampaignOverview[]>;
  /**
   * Pauses a campaign from its next admission on, in every channel that has it; what is in flight completes, and what waits
   * still expires.
   * @returns an entry for each channel that has it; a campaign that was cancelled stays so, and one that is done is left as it is
   */
  pause(id: string, options?: OfChannel): Promise<CampaignResult[]>;
  /**
   * Resumes a paused campaign: workers continue at once; a message that one was just putting off follows within a minute. Returns as
   * `pause` does.
   */
  resume(id: string, options?: OfChannel): Promise<CampaignResult[]>;
  /**
   * Cancels a campaign for good: nothing of it is granted from now on, and what waits ends `suppressed`, `cancelled`. Returns as
   * `pause` does.
   */
  cancel(id: string, options?: OfChannel): Promise<CampaignResult[]>;
  /**
   * Cancels the message of a campaign to one recipient, given as in the field `to` of a message. Its `status` is that of
   * `admin.cancel`.
   */
  cancelRecipient(id: string, to: unknown, options?: OfChannel): Promise<ChannelResult<CancelResult>[]>;
  /**
   * What a start of this campaign would do, by what the ledger knows now; stores nothing. Takes what `producer.campaign` takes,
   * and throws as it does.
   */
  dryRun(
    spec: unknown,
    recipients: Source<unknown>,
    options?: CampaignDryRunOptions,
  ): Promise<CampaignDryRun>;
}

interface OfChannel {
  /** Every channel when absent. */
  channel?: string | undefined;
}

export type CampaignResult = ChannelResult<{
  id: string;
  status: 'running' | 'paused' | 'cancelled' | 'done';
}>;

/** Times in milliseconds since the epoch by the store's clock. */
export interface CampaignOverview extends CampaignState {
  channel: string;
  /** How many have reached a final state. */
  ended: number;
  /** When it will be done at its present pace; null if that cannot be estimated. */
  eta: number | null;
}

export type { CampaignDryRun, CampaignEnd };

export function campaignAdmin(
  run: Session['run'],
  parts: InstallationParts,
  record: RecordAct,
): CampaignAdmin {
  const control =
    (operation: 'pause' | 'resume' | 'cancel') =>
    (id: string, { channel }: OfChannel = {}): Promise<CampaignResult[]> =>
      run(async (at) => {
        const controlled = channelsOf(at, channel).map(async ({ name, stores }) => {
          if (operation !== 'cancel' && (await campaignsOf({ stores }, id))[0]?.state === 'done')
            return [{ result: { id, status: 'done' as const, channel: name }, changed: false }];
          const all = stores.map(({ store }) => store);
          const { state: status, changed } = await controlInAll(all, id, operation);
          return status === 'unknown' ? [] : [{ result: { id, status, channel: name }, changed }];
        });
        const found = (await Promise.all(controlled)).flat();
        const channels = found.filter(({ changed }) => changed).map(({ result }) => result.channel);
        if (channels.length > 0) await record(at, { action: `campaign.${operation}`, channels, target: id });
        return found.map(({ result }) => result);
      });
  return {
    list: ({ channel } = {}) => run((at) => overviews(channelsOf(at, channel))),
    show: (id, { channel } = {}) => run((at) => overviews(channelsOf(at, channel), id)),
    pause: control('pause'),
    resume: control('resume'),
    cancel: control('cancel'),
    cancelRecipient: (id, to, { channel } = {}) =>
      run(async (at) => {
        const channels = await having(channelsOf(at, channel), id);
        const results = await Promise.all(
          channels.map(async (each) => {
            const key = keyOfRecipient(each, to);
            const result = await cancelWhere(placesOfRecipient(each, key), campaignMessageId(id, key));
            return { ...result, channel: each.name };
          }),
        );
        for (const { id: message, channel, status } of results)
          if (status === 'cancelled')
            await record(at, { action: 'message.cancel', channels: [channel], target: message, count: 1 });
        return results;
      }),
    dryRun: (spec, recipients, options = {}) =>
      run((at) => dryRunCampaign(at, parts, { spec, recipients, ...options })),
  };
}

async function having(channels: readonly OperatedChannel[], id: string): Promise<OperatedChannel[]> {
  const found = await Promise.all(channels.map((channel) => campaignsOf(channel, id)));
  return channels.filter((_, i) => found[i]!.length > 0);
}

/** @param only the id of one campaign; all of them when absent */
export async function overviews(
  channels: readonly OperatedChannel[],
  only?: string,
): Promise<CampaignOverview[]> {
  const found = await Promise.all(
    channels.map(async (channel) => {
      const { name, home, stores, policyAround } = channel;
      const campaigns = await campaignsOf(channel, only);
      if (campaigns.length === 0) return [];
      const [states, workers] = await Promise.all([
        Promise.all(stores.map(({ store }) => readChannelState(store))),
        aliveWorkers(home),
      ]);
      const { now, stopped, waits } = combineStates(states);
      const policy = policyAround?.(now);
      const windowEnd =
        policy?.windows?.find((start) => start > now) ?? (policy?.rolling && now + policy.rolling);
      const bounds = {
        now,
        intervalMs: policy?.interval && policy.interval + (policy.widen ?? 0),
        windowEnd,
        waitingSlot: waitsFor({ waits }, RECIPIENT_CAUSES)?.count ?? 0,
        held: stopped !== null || workers.length === 0,
      };
      return campaigns.map((campaign) => ({
        ...campaign,
        channel: name,
        ended: campaign.ends.reduce((sum, { count }) => sum + count, 0),
        eta: campaignEta(campaign, bounds) ?? null,
      }));
    }),
  );
  return found.flat();
}
