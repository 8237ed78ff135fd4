import type { Clock } from '../clock.ts';
import type { NewMessage } from '../jobs/enqueue.ts';
import { newJobId } from '../jobs/job-ids.ts';
import { contentProblem, fitProblem } from '../message/fit.ts';
import type { Problem } from '../message/problems.ts';
import { type AnyMessage, DEFAULT_LIFE_MS, type MessageSchemas, type Platforms } from '../message/schema.ts';
import type { PlatformDefinition, Recipient } from '../platforms/port.ts';
import { InvalidMessageError, type UnknownChannelError } from './errors.ts';
import { type KnownChannels, platformOf, unknownChannel } from './known-channels.ts';

/** A validated message with an id. Whether it fits its channel is checked by `misfit`. */
export interface PreparedMessage extends NewMessage {
  definition: PlatformDefinition;
  /** Whether the caller gave the id. */
  ownId: boolean;
  channel: string;
  /** Whether the caller named the channel; otherwise it is the default one, named like the platform. */
  ownChannel: boolean;
  recipient: Recipient;
  message: AnyMessage;
  priority: number;
  /** Its `sendAt`, where that is to come; milliseconds since the epoch. */
  dueAt: number | undefined;
}

export type Preparation =
  | { kind: 'prepared'; prepared: PreparedMessage }
  | { kind: 'invalid'; error: InvalidMessageError };

export interface PrepareDeps {
  platforms: Platforms;
  schemas: MessageSchemas<AnyMessage>;
  clock: Pick<Clock, 'now'>;
}

/** Validates a message as far as possible without Redis. */
export function prepare(input: unknown, { platforms, schemas, clock }: PrepareDeps): Preparation {
  const parsed = schemas.parseInput(input);
  if (parsed.kind === 'invalid') return invalid(...parsed.problems);
  const { message } = parsed;
  const now = clock.now();
  const sendAtMs = message.sendAt === undefined ? now : Date.parse(message.sendAt);
  if (message.expiresAt === undefined && sendAtMs >= now + DEFAULT_LIFE_MS)
    return invalid({ path: 'expiresAt', message: 'is required when sendAt is 7 days ahead or more' });
  // The schema accepts only platforms of the registry.
  const definition = platforms[message.platform]!;
  const id = message.id ?? newJobId();
  return {
    kind: 'prepared',
    prepared: {
      definition,
      id,
      ownId: message.id !== undefined,
      text: JSON.stringify({ ...message, id, v: undefined }),
      expiresAt: message.expiresAt === undefined ? undefined : Date.parse(message.expiresAt),
      channel: message.channel ?? message.platform,
      ownChannel: message.channel !== undefined,
      recipient: definition.recipient(message),
      message,
      priority: message.priority ?? 0,
      dueAt: sendAtMs > now ? sendAtMs : undefined,
    },
  };
}

const invalid = (...problems: Problem[]): Preparation => ({
  kind: 'invalid',
  error: new InvalidMessageError(problems),
});

/**
 * Checks that the message fits its channel as announced by workers; without an announcement, only the worker checks it.
 */
export function misfit(
  { definition, channel, ownChannel, message, recipient }: PreparedMessage,
  known: KnownChannels,
): InvalidMessageError | UnknownChannelError | undefined {
  const unknown = unknownChannel({ channel, platform: message.platform, named: ownChannel }, known);
  if (unknown) return unknown;
  const { addressing, quota = null, settings } = known.announced.get(channel) ?? {};
  const rules = { name: channel, platform: platformOf(channel, known), addressing, quota };
  const problem = fitProblem(message, recipient, rules) ?? contentProblem(definition, message, settings);
  return problem && new InvalidMessageError([problem]);
}
