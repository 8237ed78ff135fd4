import type {
  Installation,
  InstallationOptions,
  InstallationParts,
  OperatedChannel,
} from '../channels/installation.ts';
import type { CancelResult, RescheduleOptions, RescheduleResult } from '../producer/control.ts';
import { type Act, type Actor, type ActPage, type RecordAct, readActs, recorderOf } from './audit.ts';
import { type CampaignAdmin, campaignAdmin } from './campaigns/campaigns.ts';
import { cancelRecipient } from './cancel-recipient.ts';
import { type Forgotten, forget, pauseChannel, type Resumed, resume } from './channel-control.ts';
import { type ChannelOverview, listChannels } from './channel-list.ts';
import { type DeadLetterAdmin, deadLetterAdmin } from './dead-letter-admin.ts';
import { type ExplainOptions, explain } from './explain/explain.ts';
import { explainRecipient, type RecipientExplanation } from './explain/explain-recipient.ts';
import type { Explanation } from './explain/explanation.ts';
import { type ChannelResult, cancelMessages, rescheduleMessages } from './message-control.ts';
import { channelsOf, requireChannel } from './require-channel.ts';
import { openSession, type Session } from './session.ts';
import { type ChannelStatus, readStatus } from './status.ts';
import { type TokenAdmin, tokenAdmin } from './tokens.ts';
import { readWebhooks, type WebhookStatus } from './webhooks.ts';

/**
 * The operations for operators, for programs and the command line. Connects at the first call; every call throws
 * RedisUnreachableError if Redis is unreachable, and UnknownChannelError for a channel that is neither configured nor announced.
 */
export interface Admin {
  readonly deadLetters: DeadLetterAdmin;
  readonly channels: ChannelAdmin;
  readonly campaigns: CampaignAdmin;
  readonly tokens: TokenAdmin;
  /**
   * Cancels a message, as `producer.cancel` does, in every channel that has it.
   * @returns an entry for each of them; empty if none has
   */
  cancel(id: string, options?: { channel?: string | undefined }): Promise<ChannelResult<CancelResult>[]>;
  /**
   * Cancels all waiting messages of the channel to one recipient, given as in the field `to` of a message. Reads all jobs of the channel.
   * @param options `onResult` is called for each message at once: if Redis goes away, what was cancelled by then stays so
   * @returns an entry for each message that was found
   */
  cancelRecipient(
    to: unknown,
    options: { channel: string; onResult?: ((result: CancelResult) => void) | undefined },
  ): Promise<CancelResult[]>;
  /**
   * Reschedules a message, as `producer.reschedule` does, in every channel that has it. Throws as that does for an instant that it can
   * have in none of them; where it can in some, it is `too_late` in the others.
   */
  reschedule(
    id: string,
    options: { channel?: string | undefined } & RescheduleOptions,
  ): Promise<ChannelResult<RescheduleResult>[]>;
  /** Explains a message, by its id or its job's id, in every channel that has it; empty if none does. */
  explain(id: string, options?: ExplainOptions): Promise<Explanation[]>;
  /** Explains a recipient, given as in the field `to` of a message. */
  explainRecipient(to: unknown, options: { channel: string }): Promise<RecipientExplanation>;
  /** The status of channels: queues, dead letters, stops, rests and workers; of all channels by default. */
  status(options?: { channels?: readonly string[] | undefined }): Promise<ChannelStatus[]>;
  /** The progress of the webhook endpoints: of those that get receipts of these channels, or of all by default. */
  webhooks(options?: { channels?: readonly string[] | undefined }): Promise<WebhookStatus[]>;
  /** What operators did recently, by whatever means; newest first, 50 unless there is a limit. */
  acts(page?: { before?: string | undefined; limit?: number | undefined }): Promise<ActPage>;
  /** The same operations on the same connection, recorded as another actor's; closed together with this admin. */
  as(actor: Actor): Admin;
  /** Waits for calls in progress, then closes the admin's own connection. */
  close(): Promise<void>;
}

export interface ChannelAdmin {
  list(): Promise<ChannelOverview[]>;
  /**
   * Pauses sending until the channel is resumed: its messages wait, and requests in flight complete. What was granted before may still
   * leave, within 2.5 s (`AHEAD_MS` and `LEASE_MARGIN_MS`).
   */
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
  WebhookStatus,
};

const LISTED_ACTS = 50;

/** Assembles an admin: `createAdmin` passes Herald's platforms and clock. @param actor whom its operations are recorded as */
export const buildAdmin = (options: InstallationOptions, parts: InstallationParts, actor: Actor): Admin =>
  adminOn(openSession(options, parts), parts, actor);

/** An admin on a session that others may share: closing it closes the session. */
export function adminOn(session: Session, parts: InstallationParts, actor: Actor): Admin {
  const { run, close } = session;
  const onChannel = <T>(name: string, act: (at: Installation, channel: OperatedChannel) => Promise<T>) =>
    run(async (installation) => await act(installation, requireChannel(installation, name)));
  const record = recorderOf(actor);
  return {
    deadLetters: deadLetterAdmin(run, record),
    channels: channelAdmin(run, onChannel, record),
    campaigns: campaignAdmin(run, parts, record),
    tokens: tokenAdmin(run, parts, record),
    ...messageAdmin(run, onChannel, record),
    explain: (id, options = {}) =>
      run((at) => {
        if (typeof id !== 'string') throw new TypeError('explain: expected the id of a message or a job');
        if (options.channel !== undefined) requireChannel(at, options.channel);
        return explain(at, id, options);
      }),
    explainRecipient: (to, { channel }) => onChannel(channel, (at, own) => explainRecipient(at, own, to)),
    status: ({ channels } = {}) =>
      run((at) =>
        readStatus(
          at,
          channels?.map((name) => requireChannel(at, name).name),
        ),
      ),
    webhooks: ({ channels } = {}) =>
      run((at) =>
        readWebhooks(
          at,
          channels?.map((name) => requireChannel(at, name).name),
        ),
      ),
    acts: ({ before, limit = LISTED_ACTS } = {}) =>
      run(({ directory }) => {
        if (!(Number.isInteger(limit) && limit >= 0)) throw new TypeError('limit: expected a whole number');
        return readActs(directory, { before, limit });
      }),
    as: (other) => adminOn(session, parts, other),
    close,
  };
}

type OnChannel = <T>(
  name: string,
  act: (at: Installation, channel: OperatedChannel) => Promise<T>,
) => Promise<T>;

const channelAdmin = (run: Session['run'], onChannel: OnChannel, record: RecordAct): ChannelAdmin => ({
  list: () => run(listChannels),
  pause: (name) =>
    onChannel(name, async (at, channel) => {
      await pauseChannel(channel);
      await record(at, { action: 'channel.pause', channels: [name] });
    }),
  resume: (name) =>
    onChannel(name, async (at, channel) => {
      const resumed = await resume(channel);
      if (resumed.changed) await record(at, { action: 'channel.resume', channels: [name] });
      return resumed;
    }),
  forget: (name, { anyway = false } = {}) =>
    onChannel(name, async (at, channel) => {
      const forgotten = await forget(at, channel, anyway);
      if (forgotten.kind === 'forgotten') await record(at, { action: 'channel.forget', channels: [name] });
      return forgotten;
    }),
});

const messageAdmin = (
  run: Session['run'],
  onChannel: OnChannel,
  record: RecordAct,
): Pick<Admin, 'cancel' | 'cancelRecipient' | 'reschedule'> => ({
  cancel: (id, { channel } = {}) =>
    run(async (at) => {
      const results = await cancelMessages(channelsOf(at, channel), id);
      await recordChanged(at, record, 'message.cancel', id, results, 'cancelled');
      return results;
    }),
  cancelRecipient: (to, { channel, onResult }) =>
    onChannel(channel, async (at, own) => {
      const results = await cancelRecipient(own, to, onResult);
      const count = results.filter(({ status }) => status === 'cancelled').length;
      if (count > 0)
        await record(at, {
          action: 'recipient.cancel',
          channels: [channel],
          target: JSON.stringify(to),
          count,
        });
      return results;
    }),
  reschedule: (id, { channel, sendAt }) =>
    run(async (at) => {
      const results = await rescheduleMessages(channelsOf(at, channel), id, sendAt);
      await recordChanged(at, record, 'message.reschedule', id, results, 'rescheduled');
      return results;
    }),
});

/** Records only the channels in which something changed: in the others the message had ended, or was in flight. */
async function recordChanged(
  at: Installation,
  record: RecordAct,
  action: Act['action'],
  target: string,
  results: readonly ChannelResult<{ status: string }>[],
  changed: string,
): Promise<void> {
  const channels = results.filter(({ status }) => status === changed).map(({ channel }) => channel);
  if (channels.length > 0) await record(at, { action, channels, target, count: channels.length });
}
