import { ContentError, type Recipient } from '../platforms/port.ts';
import { type Problem, quoted } from './problems.ts';

/**
 * Whether a message fits its channel. The rules are the same on both sides of the queue: a producer refuses the message, and
 * a worker, which cannot know who enqueued it, makes it a dead letter.
 */

/** What a channel takes: out of its configuration, or as its workers announced it. */
export interface ChannelRules {
  name: string;
  /** Undefined where only the channel's name is known. */
  platform: string | undefined;
  /** How a quota channel names its recipients, where the platform knows several ways. */
  addressing?: string | undefined;
  quota: object | null;
}

/** What the rules look at; a message without `channel` goes wherever it lies. */
export interface AddressedMessage {
  platform: string;
  channel?: string | undefined;
  to: unknown;
}

/** The first rule that the message breaks; `renderedOrProblem` checks its text. */
export function fitProblem(
  message: AddressedMessage,
  recipient: Recipient,
  channel: ChannelRules,
): Problem | undefined {
  const destination = destinationProblem(message, channel);
  if (destination || !channel.quota) return destination;
  return addressingProblem(recipient, channel) ?? recipientsProblem(message.to, channel);
}

/** In another channel's queue, a message would be sent by an account that its writer did not mean. */
function destinationProblem(
  message: AddressedMessage,
  { name, platform }: ChannelRules,
): Problem | undefined {
  if (platform !== undefined && platform !== message.platform)
    return {
      path: 'platform',
      message: `channel ${quoted(name)} takes ${platform} messages, got ${message.platform}`,
    };
  if (message.channel !== undefined && message.channel !== name)
    return {
      path: 'channel',
      message: `the queue of channel ${quoted(name)} takes only its own messages, got one for ${quoted(message.channel)}`,
    };
  return undefined;
}

/** A person who is named in two ways has two slots, and the play of one name does not count for the other. */
export function addressingProblem(
  { addressing }: Recipient,
  channel: Pick<ChannelRules, 'name' | 'addressing'>,
): Problem | undefined {
  if (channel.addressing === undefined || channel.addressing === addressing) return undefined;
  const message = `channel ${quoted(channel.name)} addresses recipients by ${channel.addressing}, got ${addressing}`;
  return { path: 'to', message };
}

/** A slot belongs to one recipient: a message to several would need several slots. */
function recipientsProblem(to: unknown, { name }: ChannelRules): Problem | undefined {
  const recipients = countRecipients(to);
  if (recipients <= 1) return undefined;
  const message = `channel ${quoted(name)} has a quota and takes one recipient a message, got ${recipients}`;
  return { path: 'to', message };
}

/** Lists name several recipients, anything else names one. A name in two spellings is one of them. */
function countRecipients(to: unknown): number {
  return Object.values(to as object).reduce((sum, value) => {
    return sum + (Array.isArray(value) ? new Set(value.map(spelledAlike)).size : value === undefined ? 0 : 1);
  }, 0);
}

const spelledAlike = (name: unknown): string => String(name).normalize('NFC').toLowerCase();

/** The text that `render` makes of a message, or what keeps the message from being sent: a missing value, or a limit. */
export function renderedOrProblem(render: () => string): string | Problem {
  try {
    return render();
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    return { path: error.field, message: error.problem };
  }
}
