import type {
  Installation,
  InstallationOptions,
  InstallationParts,
  OperatedChannel,
} from '../channels/installation.ts';
import type { CancelResult, RescheduleOptions, RescheduleResult } from '../producer/control.ts';
import { type CampaignAdmin, campaignAdmin } from './campaigns.ts';
import { cancelRecipient } from './cancel-recipient.ts';
import { type Forgotten, forget, pauseChannel, type Resumed, resume } from './channel-control.ts';
import { type ChannelOverview, listChannels } from './channel-list.ts';
import { type DeadLetterAdmin, deadLetterAdmin } from './dead-letter-admin.ts';
import { type Explanation, explain } from './explain.ts';
import { explainRecipient, type RecipientExplanation } from './explain-recipient.ts';
import { type ChannelResult, cancelMessages, rescheduleMessages } from './message-control.ts';
import { channelsOf, requireChannel } from './require-channel.ts';
import { openSession } from './session.ts';
import { type ChannelStatus, readStatus } from './status.ts';

/**
 * The operations of operators, for programs and for the command line. Connects at the first call; every call throws
 * RedisUnreachableError if Redis is unreachable, and UnknownChannelError for a channel that is neither configured nor announced.
 */
export interface Admin {
  readonly deadLetters: DeadLetterAdmin;
  readonly channels: ChannelAdmin;
  readonly campaigns: CampaignAdmin;
  /**
   * Cancels a message, as `producer.cancel` does, in every channel that has it.
   * @returns an entry for each of them; empty if none has
   */
  cancel(id: string, options?: { channel?: string | undefined }): Promise<ChannelResult<CancelResult>[]>;
  /**
   * Cancels whatever waits in the channel for one recipient, given as in the field `to` of a message. Looks through all its jobs.
   * @returns an entry for each message that was found
   */
  cancelRecipient(to: unknown, options: { channel: string }): Promise<CancelResult[]>;
  /** Reschedules a message, as `producer.reschedule` does, in every channel that has it. Throws as that does. */
  reschedule(
    id: string,
    options: { channel?: string | undefined } & RescheduleOptions,
  ): Promise<ChannelResult<RescheduleResult>[]>;
  /** Explains a message, by its id or its job's id, in every channel that has it; empty if none does. */
  explain(id: string, options?: { channel?: string | undefined }): Promise<Explanation[]>;
  /** Explains a recipient, given as in the field `to` of a message. */
  explainRecipient(to: unknown, options: { channel: string }): Promise<RecipientExplanation>;
  /** The status of channels: queues, dead letters, stops, rests and workers; of all channels by default. */
  status(options?: { channels?: readonly string[] | undefined }): Promise<ChannelStatus[]>;
  /** Waits for calls in progress, then closes the admin's own connection. */
  close(): Promise<void>;
}

export interface ChannelAdmin {
  list(): Promise<ChannelOverview[]>;
  /** Pauses sending until the channel is resumed: its messages wait, and requests in flight complete. */
  pause(name: string): Promise<void>;
  /** Resumes a paused channel, or one stopped for refused credentials; also ends a rest and closes the breaker. Workers continue within seconds. */
  resume(name: string): Promise<Resumed>;
  /**
   * Removes the announcement of a channel that no longer exists: producers then refuse messages for it.
   * @param options `anyway`: even if messages wait or dead letters are left
   */
  forget(name: string, options?: { anyway?: boolean }): Promise<Forgotten>;
}

export type {
  ChannelOverview,
  ChannelResult,
  ChannelStatus,
  Explanation,
  Forgotten,
  RecipientExplanation,
  Resumed,
};

/** Assembles an admin: `createAdmin` passes the platforms and the clock of Herald. */
export function buildAdmin(options: InstallationOptions, parts: InstallationParts): Admin {
  const { run, close } = openSession(options, parts);
  const onChannel = <T>(name: string, act: (at: Installation, channel: OperatedChannel) => Promise<T>) =>
    run(async (installation) => await act(installation, requireChannel(installation, name)));
  return {
    deadLetters: deadLetterAdmin(run),
    channels: {
      list: () => run(listChannels),
      pause: (name) => onChannel(name, (_, channel) => pauseChannel(channel)),
      resume: (name) => onChannel(name, (_, channel) => resume(channel)),
      forget: (name, { anyway = false } = {}) =>
        onChannel(name, (at, channel) => forget(at, channel, anyway)),
    },
    campaigns: campaignAdmin(run, parts),
    cancel: (id, { channel } = {}) => run((at) => cancelMessages(channelsOf(at, channel), id)),
    cancelRecipient: (to, { channel }) => onChannel(channel, (_, own) => cancelRecipient(own, to)),
    reschedule: (id, { channel, sendAt }) =>
      run((at) => rescheduleMessages(channelsOf(at, channel), id, sendAt)),
    explain: (id, { channel } = {}) =>
      run((at) => explain(at, id, channel === undefined ? undefined : requireChannel(at, channel).name)),
    explainRecipient: (to, { channel }) => onChannel(channel, (at, own) => explainRecipient(at, own, to)),
    status: ({ channels } = {}) =>
      run((at) =>
        readStatus(
          at,
          channels?.map((name) => requireChannel(at, name).name),
        ),
      ),
    close,
  };
}
