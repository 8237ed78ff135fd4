import { z } from 'zod';
import type { ChannelFacts } from '../channels/registry.ts';
import type { Clock } from '../clock.ts';
import { quotable } from '../disclosure.ts';
import { check } from '../message/check.ts';
import { CHANNEL_NAME } from '../message/fields.ts';
import { addressingProblem } from '../message/fit.ts';
import type { Problem } from '../message/problems.ts';
import { recipientOf } from '../message/recipients.ts';
import type { Platforms } from '../message/schema.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeOf } from '../redis/shards.ts';
import { type Instant, instant } from '../time.ts';
import { inBatches } from './batches.ts';
import { InterruptedError, InvalidMessageError, UnknownChannelError } from './errors.ts';
import { platformOf, unknownChannel } from './known-channels.ts';
import { type InvalidItem, MAX_INVALID_KEPT, type SendDeps } from './send.ts';
import type { Source } from './source-reader.ts';

/** Recording plays, from which the eligibility check decides. */

/** The store of plays. */
export interface Plays {
  /**
   * An older play never replaces a later one, so this is idempotent.
   * @param plays `at` in milliseconds since the epoch
   * @param eligibility the channel's policy as announced, if it is
   */
  recordPlays(
    store: ChannelStore,
    plays: readonly { recipient: string; at: number }[],
    eligibility: ChannelFacts['eligibility'] | undefined,
  ): Promise<void>;
}

/** @typeParam To the recipients of the platforms that the producer knows */
export interface PlayInput<To = unknown> {
  channel: string;
  /** The recipient, as in a message to this channel. */
  to: To;
  /** A Date, ISO text or milliseconds since the epoch; now when absent. */
  at?: Instant | number;
}

export interface RecordPlaysResult {
  recorded: number;
  /** The first thousand; `onInvalid` is called for all. */
  invalid: InvalidItem[];
  invalidTotal: number;
}

export interface PlayDeps extends Pick<SendDeps, 'connection' | 'channelRegistry' | 'listed'> {
  plays: Plays;
  platforms: Platforms;
  clock: Pick<Clock, 'now'>;
}

interface Play {
  channel: string;
  recipient: string;
  at: number;
}

/** The tolerated clock difference: a play in the far future would make its player eligible for ever. */
const MAX_AHEAD_MS = 5 * 60 * 1000;

/** The platform defines the shape of recipients. */
const PLATFORM_UNKNOWN =
  'Its platform is unknown: list it as { name, platform }, or start a worker that serves it.';

const playSchema = quotable(
  z.strictObject({
    channel: z.string().regex(CHANNEL_NAME, 'expected a channel name'),
    to: z.looseObject({}),
    at: instant().optional(),
  }),
);

/** @throws InvalidMessageError, UnknownChannelError, ProducerTimeoutError, ProducerRefusedError */
export async function recordOne(input: unknown, deps: PlayDeps): Promise<void> {
  const [error] = await recordBatch('recordPlay', [input], deps);
  if (error) throw error;
}

/** @throws InterruptedError; recording the same plays again is safe */
export async function recordMany(
  inputs: Source<unknown>,
  onInvalid: ((item: InvalidItem) => void) | undefined,
  deps: PlayDeps,
): Promise<RecordPlaysResult> {
  const result: RecordPlaysResult = { recorded: 0, invalid: [], invalidTotal: 0 };
  const interruption = await inBatches(inputs, async ({ items, from }) => {
    for (const [offset, error] of (await recordBatch('recordPlays', items, deps)).entries()) {
      if (!error) {
        result.recorded += 1;
        continue;
      }
      const item = { index: from + offset, error };
      result.invalidTotal += 1;
      if (result.invalid.length < MAX_INVALID_KEPT) result.invalid.push(item);
      onInvalid?.(item);
    }
  });
  if (interruption) throw new InterruptedError('recordPlays', interruption, result);
  return result;
}

/** @returns for each input, in order, its error if it is invalid */
function recordBatch(
  operation: string,
  inputs: readonly unknown[],
  deps: PlayDeps,
): Promise<(InvalidItem['error'] | undefined)[]> {
  return deps.connection.call(operation, async (attempt) => {
    const channels = await attempt(deps.connection.stores.directory, () => deps.channelRegistry.current());
    const plays = inputs.map((input) => readPlay(input, channels, deps));
    const groups = new Map<string, Play[]>();
    for (const play of plays) {
      if (play instanceof Error) continue;
      // Unlike a message, a play is not dealt out from a channel's home.
      const { shards } = channels.get(play.channel) ?? deps.listed.get(play.channel) ?? {};
      const name = storeOf(play.channel, shards, play.recipient);
      if (!groups.get(name)?.push(play)) groups.set(name, [play]);
    }
    for (const [name, group] of groups) {
      const entries = group.map(({ recipient, at }) => ({ recipient, at }));
      const store = deps.connection.stores.of(name);
      const eligibility = channels.get(store.channel)?.eligibility;
      await attempt(store.redis, () => deps.plays.recordPlays(store, entries, eligibility));
    }
    return plays.map((play) => (play instanceof Error ? play : undefined));
  });
}

function readPlay(
  input: unknown,
  channels: ReadonlyMap<string, ChannelFacts>,
  { platforms, listed, clock }: PlayDeps,
): Play | InvalidItem['error'] {
  const bad = (...problems: Problem[]) => new InvalidMessageError(problems);
  const checked = check(playSchema, input);
  if ('problems' in checked) return bad(...checked.problems);
  const { channel, to } = checked.data;
  const facts = channels.get(channel);
  const known = { announced: channels, listed };
  // A channel listed by name only may still have the name of its platform.
  const platform = platformOf(channel, known) ?? channel;
  const unknown = unknownChannel({ channel, platform, named: true }, known);
  if (unknown) return unknown;
  const definition = Object.hasOwn(platforms, platform) ? platforms[platform] : undefined;
  if (!definition) return new UnknownChannelError(channel, { advise: () => PLATFORM_UNKNOWN });
  const recipient = recipientOf(definition, to);
  if (!('key' in recipient)) return bad(...recipient);
  const misaddressed = addressingProblem(recipient, { name: channel, addressing: facts?.addressing });
  if (misaddressed) return bad(misaddressed);
  const at = checked.data.at?.getTime() ?? clock.now();
  if (at > clock.now() + MAX_AHEAD_MS) return bad({ path: 'at', message: 'must not be in the future' });
  return { channel, recipient: recipient.key, at };
}
