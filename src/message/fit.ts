import { ContentError, type PlatformDefinition, type Recipient } from '../platforms/port.ts';
import { type Problem, quoted } from './problems.ts';

/**
 * Checks whether a message fits its channel. The rules are the same on both sides of the queue: a producer rejects the
 * message, and a worker, which cannot trust producers, makes it a dead letter.
 */

/** What a channel accepts, from its configuration or from the announcement of its workers. */
export interface ChannelRules {
  name: string;
  /** Undefined if only the name of the channel is known. */
  platform: string | undefined;
  /** How a quota channel addresses recipients, if the platform supports several ways. */
  addressing?: string | undefined;
  quota: object | null;
}

/** The fields that the rules check. A message without `channel` fits any channel of its platform. */
export interface AddressedMessage {
  platform: string;
  channel?: string | undefined;
  to: unknown;
}

/** Returns the first rule that the message violates; `contentProblem` checks the content. */
export function fitProblem(
  message: AddressedMessage,
  recipient: Recipient,
  channel: ChannelRules,
): Problem | undefined {
  const destination = destinationProblem(message, channel);
  if (destination || !channel.quota) return destination;
  return addressingProblem(recipient, channel) ?? recipientsProblem(message.to, channel);
}

/** In the queue of another channel, the message would be sent from an account that its author did not intend. */
export function destinationProblem(
  message: Omit<AddressedMessage, 'to'>,
  { name, platform }: ChannelRules,
): Problem | undefined {
  if (platform !== undefined && platform !== message.platform)
    return {
      path: 'platform',
      message: `channel ${quoted(name)} accepts ${platform} messages, got ${message.platform}`,
    };
  if (message.channel !== undefined && message.channel !== name)
    return {
      path: 'channel',
      message: `the queue of channel ${quoted(name)} accepts only its own messages, got one for ${quoted(message.channel)}`,
    };
  return undefined;
}

/** A recipient addressed in two ways would have two slots, and a play under one address would not count for the other. */
export function addressingProblem(
  { addressing }: Recipient,
  channel: Pick<ChannelRules, 'name' | 'addressing'>,
): Problem | undefined {
  if (channel.addressing === undefined || channel.addressing === addressing) return undefined;
  const message = `channel ${quoted(channel.name)} addresses recipients by ${channel.addressing}, got ${addressing}`;
  return { path: 'to', message };
}

/** A slot belongs to one recipient, so a message to several would need several slots. */
function recipientsProblem(to: unknown, { name }: ChannelRules): Problem | undefined {
  const recipients = countRecipients(to);
  if (recipients <= 1) return undefined;
  const message = `channel ${quoted(name)} has a quota and accepts one recipient per message, got ${recipients}`;
  return { path: 'to', message };
}

/** Counts the entries of lists; any other value is one recipient. Names that differ only in case or Unicode form count once. */
function countRecipients(to: unknown): number {
  return Object.values(to as object).reduce((sum, value) => {
    return (
      sum + (Array.isArray(value) ? new Set(value.map(canonicalName)).size : value === undefined ? 0 : 1)
    );
  }, 0);
}

const canonicalName = (name: unknown): string => String(name).normalize('NFC').toLowerCase();

/** The problem of a content that cannot be rendered for this message. @param settings of its channel, where they are known */
export function contentProblem(
  definition: Pick<PlatformDefinition, 'render' | 'check'>,
  message: unknown,
  settings: object | undefined,
): Problem | undefined {
  const rendered = renderedOrProblem(() => {
    if (!definition.check) return definition.render(message, settings);
    definition.check(message, settings);
    return '';
  });
  return typeof rendered === 'string' ? undefined : rendered;
}

/** The rendered text, or the problem of a content that cannot be rendered: a missing value or a platform limit. */
export function renderedOrProblem(render: () => string): string | Problem {
  try {
    return render();
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    return { path: error.field, message: error.problem };
  }
}
