import type { Redis } from 'ioredis';
import { cachedAnnouncements } from '../channels/registry.ts';
import type { Clock } from '../clock.ts';
import { openQueues } from '../jobs/enqueue.ts';
import { CHANNEL_NAME } from '../message/fields.ts';
import { createMessageSchemas, type InputOf, type Platforms } from '../message/schema.ts';
import type { RedisInstance } from '../redis/option.ts';
import { type Duration, durationOption } from '../time.ts';
import { createTurns } from '../turns.ts';
import type { Source } from './batches.ts';
import { openConnection } from './connection.ts';
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
  type AcceptedStatus,
  type FinalRecords,
  type InvalidItem,
  type SendDeps,
  type SendManyOptions,
  type SendManyResult,
  type SendResult,
  sendMany,
  sendOne,
} from './send.ts';

/** The way in: application code hands over messages and plays. Every call ends within its timeout. */
export interface Producer<Input> {
  /**
   * Enqueues one message. A message with the id of one that is enqueued, or final for less than a day, is a duplicate.
   * @throws InvalidMessageError naming the fields
   * @throws UnknownChannelError for a channel that no worker announced, named or not
   * @throws ProducerTimeoutError when Redis is away; the message may have been stored all the same
   * @throws ProducerRefusedError when Redis refuses, out of memory for example
   */
  send(message: Input): Promise<SendResult>;
  /**
   * Enqueues any number of messages in bounded memory. Invalid ones are told and the rest is sent.
   * @throws InterruptedError saying how far it came, when Redis or the source fails on the way
   */
  sendMany(messages: Source<Input>, options?: SendManyOptions): Promise<SendManyResult>;
  /** Tells that a recipient has played; feeds the eligibility check. Throws as `send` does. */
  recordPlay(play: PlayInput<RecipientOf<Input>>): Promise<void>;
  /** Records any number of plays, as `sendMany` does with messages. */
  recordPlays(
    plays: Source<PlayInput<RecipientOf<Input>>>,
    options?: { onInvalid?: (item: InvalidItem) => void },
  ): Promise<RecordPlaysResult>;
  /** Waits for the calls under way and closes the producer's own connection. */
  close(): Promise<void>;
}

/** The recipients of the platforms whose messages these are. */
export type RecipientOf<Input> = Input extends { to: infer To } ? To : unknown;

export interface ProducerOptions {
  /** A redis:// or rediss:// URL, or an ioredis instance, which is duplicated and never closed. */
  redis: string | RedisInstance;
  /**
   * Channels to take messages for although no worker has announced them yet. With its platform, a message of another one
   * is refused, and a play is taken, before a worker has told it.
   */
  channels?: readonly (string | ListedChannel)[];
  /** The longest that a call may wait for Redis, `5s` when absent; for sendMany and recordPlays: a batch of 500. */
  timeout?: Duration;
  /** The same in milliseconds, for which `timeout` stands as well. */
  timeoutMs?: number;
  /**
   * Counts what the producer was handed. `channel` is one that is known: empty for an invalid message that names none,
   * so that a counter labelled by it cannot grow without bounds.
   */
  onAccepted?: (channel: string, status: AcceptedStatus) => void;
}

export interface ProducerParts<P extends Platforms> {
  platforms: P;
  clock: Clock;
  /** What the ledger knows and keeps, over the producer's own connection. */
  openLedger: (redis: Redis) => FinalRecords & Plays;
}

const DEFAULT_TIMEOUT_MS = 5000;
/** The longest that a timer of Node counts. */
const TIMEOUT_RANGE = { from: 1, to: 2 ** 31 - 1 };

/** Puts a producer together: `createProducer` is this with the platforms and the ledger of Herald. */
export function buildProducer<P extends Platforms>(
  { redis, channels = [], timeout, timeoutMs, onAccepted = () => {} }: ProducerOptions,
  { platforms, clock, openLedger }: ProducerParts<P>,
): Producer<InputOf<P>> {
  const listed = listChannels(channels);
  checkNames([...listed.keys()]);
  const connection = openConnection(redis, timeLimit(timeout, timeoutMs), clock);
  const queues = openQueues(connection.client);
  const ledger = openLedger(connection.client);
  const announcements = cachedAnnouncements(connection.client, clock);
  const checks = { platforms, clock, schemas: createMessageSchemas<Platforms>(platforms) };
  const shared = { connection, announcements, listed };
  const sending: SendDeps = {
    ...shared,
    queues,
    records: ledger,
    prepare: (input) => prepare(input, checks),
    turns: createTurns(clock),
    onAccepted,
    countedFor: (input) => knownName(input, platforms, listed),
  };
  const playing: PlayDeps = { ...shared, plays: ledger, platforms, clock };
  let closing: Promise<void> | undefined;
  return {
    send: (message) => sendOne(message, sending),
    sendMany: (messages, options = {}) => sendMany(messages, options, sending),
    recordPlay: (play) => recordOne(play, playing),
    recordPlays: (plays, { onInvalid } = {}) => recordMany(plays, onInvalid, playing),
    close() {
      closing ??= connection.close().then(() => queues.close());
      return closing;
    },
  };
}

/** What an invalid message names as its channel, or its platform, if it is a name that we know without asking. */
function knownName(input: unknown, platforms: Platforms, listed: KnownChannels['listed']): string {
  const { channel, platform } = Object(input) as { channel?: unknown; platform?: unknown };
  const name = channel ?? platform;
  return typeof name === 'string' && (listed.has(name) || Object.hasOwn(platforms, name)) ? name : '';
}

function checkNames(channels: readonly string[]): void {
  const bad = channels.find((name) => !CHANNEL_NAME.test(name));
  if (bad !== undefined) throw new TypeError(`channels: ${JSON.stringify(bad)} is not a channel name`);
}

const timeLimit = (timeout: Duration | undefined, timeoutMs: number | undefined): number =>
  timeout === undefined
    ? durationOption('timeoutMs', timeoutMs ?? DEFAULT_TIMEOUT_MS, TIMEOUT_RANGE)
    : durationOption('timeout', timeout, TIMEOUT_RANGE);
