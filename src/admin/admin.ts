import type {
  Installation,
  InstallationOptions,
  InstallationParts,
  OperatedChannel,
} from '../channels/installation.ts';
import { type Forgotten, forget, pauseChannel, type Resumed, resume } from './channel-control.ts';
import { type ChannelOverview, listChannels } from './channel-list.ts';
import { type DeadLetterAdmin, deadLetterAdmin } from './dead-letter-admin.ts';
import { type Explanation, explain } from './explain.ts';
import { explainRecipient, type RecipientExplanation } from './explain-recipient.ts';
import { known } from './known-channel.ts';
import { openSession } from './session.ts';
import { type ChannelStatus, readStatus } from './status.ts';

/**
 * What operators ask and do, for programs and for the command line. It connects at the first call; every call throws
 * RedisUnreachableError where Redis is away, and UnknownChannelError for a channel that is neither configured nor announced.
 */
export interface Admin {
  readonly deadLetters: DeadLetterAdmin;
  readonly channels: ChannelAdmin;
  /** Everything known of a message, by its id or its job's, in every channel that knows it; empty where none does. */
  explain(id: string, options?: { channel?: string | undefined }): Promise<Explanation[]>;
  /** The same of a recipient, named as in a message. */
  explainRecipient(to: unknown, options: { channel: string }): Promise<RecipientExplanation>;
  /** How channels stand: queues, dead letters, stops, rests and workers; of all channels when none is named. */
  status(options?: { channels?: readonly string[] | undefined }): Promise<ChannelStatus[]>;
  /** Lets calls in flight end, and closes the admin's own connection. */
  close(): Promise<void>;
}

export interface ChannelAdmin {
  list(): Promise<ChannelOverview[]>;
  /** Nothing is sent on the channel until it is resumed: its messages wait, and requests in flight end. */
  pause(name: string): Promise<void>;
  /** Ends a pause, a stop for refused credentials, a rest and an open breaker; workers resume within seconds. */
  resume(name: string): Promise<Resumed>;
  /**
   * Removes the announcement of a channel that no longer exists: producers then refuse messages for it.
   * @param options `anyway`: even if messages wait or dead letters are left
   */
  forget(name: string, options?: { anyway?: boolean }): Promise<Forgotten>;
}

export type { ChannelOverview, ChannelStatus, Explanation, Forgotten, RecipientExplanation, Resumed };

/** Puts an admin together: `createAdmin` is this with the platforms and the clock of Herald. */
export function buildAdmin(options: InstallationOptions, parts: InstallationParts): Admin {
  const { run, close } = openSession(options, parts);
  const onChannel = <T>(name: string, act: (at: Installation, channel: OperatedChannel) => Promise<T>) =>
    run(async (installation) => await act(installation, known(installation, name)));
  return {
    deadLetters: deadLetterAdmin(run),
    channels: {
      list: () => run(listChannels),
      pause: (name) => onChannel(name, (_, channel) => pauseChannel(channel)),
      resume: (name) => onChannel(name, (_, channel) => resume(channel)),
      forget: (name, { anyway = false } = {}) =>
        onChannel(name, (at, channel) => forget(at, channel, anyway)),
    },
    explain: (id, { channel } = {}) =>
      run((at) => explain(at, id, channel === undefined ? undefined : known(at, channel).name)),
    explainRecipient: (to, { channel }) => onChannel(channel, (at, own) => explainRecipient(at, own, to)),
    status: ({ channels } = {}) =>
      run((at) =>
        readStatus(
          at,
          channels?.map((name) => known(at, name).name),
        ),
      ),
    close,
  };
}
