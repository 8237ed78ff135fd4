import { cachedChannelRegistry } from '../channels/registry.ts';
import type { Clock } from '../clock.ts';
import type { CampaignRecipient, CampaignSpecOf } from '../message/campaign.ts';
import { CHANNEL_NAME } from '../message/fields.ts';
import { type InputOf, messageSchemasOf, type Platforms } from '../message/schema.ts';
import type { RedisOption } from '../redis/option.ts';
import { MAX_SHARDS } from '../redis/shards.ts';
import { type Duration, durationOption } from '../time.ts';
import { createTurns } from '../turns.ts';
import type { AcceptedStatus } from './accepted-count.ts';
import { type CampaignDeps, type CampaignOptions, type CampaignResult, startCampaign } from './campaign.ts';
import { openConnection } from './connection.ts';
import {
  type CancelResult,
  cancel,
  type RescheduleOptions,
  type RescheduleResult,
  reschedule,
} from './control.ts';
import { type KnownChannels, type ListedChannel, listChannels } from './known-channels.ts';
import {
  type PlayDeps,
  type PlayInput,
  type Plays,
  type RecordPlaysResult,
  recordMany,
  recordOne,
} from './plays.ts';
import { prepare } from './prepare.ts';
import {
  createSend,
  type InvalidItem,
  type SendDeps,
  type SendManyOptions,
  type SendManyResult,
  type SendResult,
  sendMany,
} from './send.ts';
import type { Source } from './source-reader.ts';

/** Enqueues messages and records plays for application code. Every call ends within its timeout. */
export interface Producer<Input> {
  /**
   * Enqueues one message. A message with the id of one that is enqueued, or final for less than a day, is a duplicate.
   * @throws InvalidMessageError naming the fields
   * @throws UnknownChannelError for a channel that no worker announced, named by the message or its default
   * @throws ProducerTimeoutError when Redis is unreachable; the message may have been stored nevertheless
   * @throws ProducerRefusedError when Redis refuses, for example because it is out of memory
   * @throws RedisUnreachableError for the plain address of one node of a cluster
   */
  send(message: Input): Promise<SendResult>;
  /**
   * Enqueues any number of messages in bounded memory. Invalid ones are reported, and the rest is enqueued.
   * @throws InterruptedError with the index to resume at, when Redis or the source fails in between
   */
  sendMany(messages: Source<Input>, options?: SendManyOptions): Promise<SendManyResult>;
  /**
   * Starts a campaign: one content for many recipients of a channel, in bounded memory. Invalid recipients are reported, and the
   * rest is listed. A start that is repeated, with the same content, goes on where it was: nobody gets a second message.
   * @throws InvalidMessageError naming the fields, also for content that can be rendered for nobody
   * @throws CampaignConflictError when the channel has a campaign of this id with other content
   * @throws CampaignCancelledError when it was cancelled
   * @throws CampaignExpiredError when its messages have expired
   * @throws InterruptedError with the index to resume at, when Redis or the source fails in between
   */
  campaign(
    spec: CampaignSpecOf<Input>,
    recipients: Source<CampaignRecipient<RecipientOf<Input>>>,
    options?: CampaignOptions,
  ): Promise<CampaignResult>;
  /**
   * Cancels a message that is enqueued, whatever job it lies in: it ends `suppressed`, `cancelled` with this call, or it is too
   * late, because a send of it is in flight or in doubt, or it is final. Safe to repeat. Throws as `send` does.
   */
  cancel(id: string, options: { channel: string }): Promise<CancelResult>;
  /**
   * Sets the instant before which a message that is enqueued is not sent; earlier or later than before. A message that waits for
   * a retry or its slot goes on waiting. Safe to repeat. Throws as `send` does.
   * @throws InvalidMessageError also for an instant at which the message would have expired
   */
  reschedule(id: string, options: { channel: string } & RescheduleOptions): Promise<RescheduleResult>;
  /** Records that a recipient has played, for the eligibility check. Throws as `send` does. */
  recordPlay(play: PlayInput<RecipientOf<Input>>): Promise<void>;
  /** Records any number of plays, as `sendMany` does with messages. */
  recordPlays(
    plays: Source<PlayInput<RecipientOf<Input>>>,
    options?: { onInvalid?: (item: InvalidItem) => void },
  ): Promise<RecordPlaysResult>;
  /** Waits for the calls in progress and closes the producer's own connection. */
  close(): Promise<void>;
}

/** The recipients of the platforms of these messages. */
export type RecipientOf<Input> = Input extends { to: infer To } ? To : unknown;

export interface ProducerOptions {
  /**
   * A redis:// or rediss:// URL, `{ cluster: [urls] }`, `{ sentinels: [urls], name }`, or an ioredis instance, which is duplicated
   * and never closed.
   */
  redis: RedisOption;
  /**
   * Channels to accept messages for although no worker has announced them yet. If the platform is given, messages of
   * another platform are rejected and plays are accepted before a worker has announced the channel; with `shards`, if it has any.
   */
  channels?: readonly (string | ListedChannel)[];
  /** How long a call may wait for Redis, `5s` by default; for sendMany, recordPlays and campaign, each batch. */
  timeout?: Duration;
  /** The same in milliseconds; `timeout` takes milliseconds as well. */
  timeoutMs?: number;
  /**
   * Called for each message, for counters, with what became of it; `timeout` and `refused` are those that their call throws for.
   * `channel` is always a known channel, or empty for an invalid message without one, so that a counter labelled by it has bounded
   * cardinality. `count` is how many messages it is called for: 1 but for the
   * recipients of campaigns.
   */
  onAccepted?: (channel: string, status: AcceptedStatus, count: number) => void;
}

export interface ProducerParts<P extends Platforms> {
  platforms: P;
  clock: Clock;
  plays: Plays;
}

const DEFAULT_TIMEOUT_MS = 5000;
/** Up to the longest delay of a Node timer. */
const TIMEOUT_RANGE = { from: 1, to: 2 ** 31 - 1 };

/** Assembles a producer: `createProducer` passes the platforms and the ledger of Herald. */
export function buildProducer<P extends Platforms>(
  { redis, channels = [], timeout, timeoutMs, onAccepted = () => {} }: ProducerOptions,
  { platforms, clock, plays }: ProducerParts<P>,
): Producer<InputOf<P>> {
  if (!Array.isArray(channels))
    throw new TypeError('channels: expected a list of names, or of { name, platform }');
  const listed = listChannels(channels);
  checkListed(listed);
  const connection = openConnection(redis, timeLimit(timeout, timeoutMs), clock);
  const channelRegistry = cachedChannelRegistry(connection.stores.directory, clock);
  const checks = { platforms, clock, schemas: messageSchemasOf<Platforms>(platforms) };
  const shared = { connection, channelRegistry, listed };
  const sending: SendDeps = {
    ...shared,
    prepare: (input) => prepare(input, checks),
    turns: createTurns(clock),
    onAccepted: (name, status, count = 1) => onAccepted(name, status, count),
    countedFor: (input) => knownName(input, platforms, listed),
  };
  const campaigns: CampaignDeps = { ...sending, platforms, clock };
  const playing: PlayDeps = { ...shared, plays, platforms, clock };
  return {
    send: createSend(sending),
    sendMany: (messages, options = {}) => sendMany(messages, options, sending),
    campaign: (spec, recipients, options = {}) => startCampaign(spec, recipients, options, campaigns),
    cancel: (id, options) => cancel(id, options, shared),
    reschedule: (id, options) => reschedule(id, options, shared),
    recordPlay: (play) => recordOne(play, playing),
    recordPlays: (plays, { onInvalid } = {}) => recordMany(plays, onInvalid, playing),
    close: () => connection.close(),
  };
}

/** The channel or platform that an invalid message names, if it is listed or a platform; else empty. */
function knownName(input: unknown, platforms: Platforms, listed: KnownChannels['listed']): string {
  const { channel, platform } = Object(input) as { channel?: unknown; platform?: unknown };
  const name = channel ?? platform;
  return typeof name === 'string' && (listed.has(name) || Object.hasOwn(platforms, name)) ? name : '';
}

function checkListed(channels: KnownChannels['listed']): void {
  for (const [name, { shards }] of channels) {
    if (!CHANNEL_NAME.test(name))
      throw new TypeError(`channels: ${JSON.stringify(name)} is not a channel name`);
    if (shards !== undefined && !(Number.isInteger(shards) && shards > 1 && shards <= MAX_SHARDS))
      throw new TypeError(`channels: shards of ${name}: expected a number from 2 to ${MAX_SHARDS}`);
  }
}

const timeLimit = (timeout: Duration | undefined, timeoutMs: number | undefined): number =>
  timeout === undefined
    ? durationOption('timeoutMs', timeoutMs ?? DEFAULT_TIMEOUT_MS, TIMEOUT_RANGE)
    : durationOption('timeout', timeout, TIMEOUT_RANGE);
