import type { ChannelFacts } from '../channels/registry.ts';
import type { Clock } from '../clock.ts';
import { newJobId } from '../jobs/queues.ts';
import type { Problem } from '../message/problems.ts';
import { quoted } from '../message/problems.ts';
import { type AnyMessage, DEFAULT_LIFE_MS, type MessageSchemas, type Platforms } from '../message/schema.ts';
import { ContentError, type PlatformDefinition, type Recipient } from '../platforms/port.ts';
import { InvalidMessageError, type UnknownChannelError } from './errors.ts';
import { type KnownChannels, platformOf, unknownChannel } from './known-channels.ts';

/** A message that may be enqueued: checked, named. What its channel takes is checked by `misfit`. */
export interface PreparedMessage {
  definition: PlatformDefinition;
  id: string;
  jobId: string;
  /** The caller named it: it may be a duplicate, an id of ours cannot. */
  ownId: boolean;
  channel: string;
  /** The caller named the channel; otherwise it is the one that bears its platform's name. */
  ownChannel: boolean;
  recipient: Recipient;
  /** The job's data: what was given, with version and id. */
  message: AnyMessage & { id: string };
  /** From now to `sendAt`; 0 when it may go at once. */
  delayMs: number;
}

export type Preparation =
  | { kind: 'prepared'; prepared: PreparedMessage }
  | { kind: 'invalid'; error: InvalidMessageError };

export interface PrepareDeps {
  platforms: Platforms;
  schemas: MessageSchemas<AnyMessage>;
  clock: Pick<Clock, 'now'>;
}

/** Everything that can be told of a message without asking Redis. */
export function prepare(input: unknown, { platforms, schemas, clock }: PrepareDeps): Preparation {
  const parsed = schemas.parseInput(input);
  if (parsed.kind === 'invalid') return invalid(...parsed.problems);
  const { message } = parsed;
  const now = clock.now();
  const sendAtMs = message.sendAt === undefined ? now : Date.parse(message.sendAt);
  if (message.expiresAt === undefined && sendAtMs >= now + DEFAULT_LIFE_MS)
    return invalid({ path: 'expiresAt', message: 'is needed when sendAt is 7 days ahead or more' });
  // The schema let only platforms of the registry through.
  const definition = platforms[message.platform]!;
  const jobId = newJobId();
  const id = message.id ?? jobId;
  return {
    kind: 'prepared',
    prepared: {
      definition,
      id,
      jobId,
      ownId: message.id !== undefined,
      channel: message.channel ?? message.platform,
      ownChannel: message.channel !== undefined,
      recipient: definition.recipient(message),
      message: { ...message, id },
      delayMs: Math.max(0, sendAtMs - now),
    },
  };
}

const invalid = (...problems: Problem[]): Preparation => ({
  kind: 'invalid',
  error: new InvalidMessageError(problems),
});

/** Rendered once, for the check: by the channel's own limits where they are known. */
function renderProblem(
  { definition, message }: PreparedMessage,
  facts: ChannelFacts | undefined,
): Problem | undefined {
  try {
    definition.render(message, facts?.settings);
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    return { path: error.field, message: error.message.slice(error.field.length + 2) };
  }
  return undefined;
}

/**
 * Whether the message fits its channel: by what workers announced of it; without that, the worker is the first to check.
 */
export function misfit(
  prepared: PreparedMessage,
  known: KnownChannels,
): InvalidMessageError | UnknownChannelError | undefined {
  const { channel, ownChannel, message, recipient } = prepared;
  const unknown = unknownChannel({ channel, platform: message.platform, named: ownChannel }, known);
  if (unknown) return unknown;
  const facts = known.announced.get(channel);
  const unsendable = renderProblem(prepared, facts?.platform === message.platform ? facts : undefined);
  if (unsendable) return new InvalidMessageError([unsendable]);
  const problem = (path: string, text: string) => new InvalidMessageError([{ path, message: text }]);
  const platform = platformOf(channel, known);
  if (platform !== undefined && platform !== message.platform)
    return problem('channel', `${quoted(channel)} is a channel of ${platform}, not of ${message.platform}`);
  if (!facts?.quota) return undefined;
  const recipients = countRecipients(message.to);
  if (recipients > 1)
    return problem('to', `a channel with a quota takes one recipient a message, got ${recipients}`);
  if (facts.addressing !== undefined && facts.addressing !== recipient.addressing)
    return problem('to', `channel ${quoted(channel)} takes ${facts.addressing}, got ${recipient.addressing}`);
  return undefined;
}

/** Lists name several recipients, anything else names one. A name in two spellings is one of them. */
export function countRecipients(to: unknown): number {
  return Object.values(to as object).reduce((sum, value) => {
    return sum + (Array.isArray(value) ? new Set(value.map(spelledAlike)).size : value === undefined ? 0 : 1);
  }, 0);
}

const spelledAlike = (name: unknown): string => String(name).normalize('NFC').toLowerCase();
