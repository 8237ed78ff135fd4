import type { ChannelFacts, ChannelRegistry } from '../channels/registry.ts';
import { enqueueJob } from '../jobs/enqueue.ts';
import { MAX_MESSAGES, newJobId } from '../jobs/job-ids.ts';
import { checkOptions, type OptionNames } from '../options.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeOf } from '../redis/shards.ts';
import { eachInTurn, type Turns } from '../turns.ts';
import { type AcceptedCountDeps, countLost, countMisfit, countTaken } from './accepted-count.ts';
import { inFilledBatches } from './batches.ts';
import type { Aside, Attempt, ProducerConnection } from './connection.ts';
import {
  InterruptedError,
  type InvalidMessageError,
  ProducerRefusedError,
  type UnknownChannelError,
} from './errors.ts';
import { gather } from './gather.ts';
import { groupIntoJobs, type JobGroup } from './group-into-jobs.ts';
import type { KnownChannels } from './known-channels.ts';
import { messageBatch, type PreparedInput } from './message-batch.ts';
import { misfit, type Preparation, type PreparedMessage } from './prepare.ts';
import type { Source } from './source-reader.ts';

export interface SendResult {
  status: 'queued' | 'duplicate';
  /** The id of the message: the caller's, or a generated one. */
  id: string;
}

export interface InvalidItem {
  /** Position in the source, from 0. */
  index: number;
  error: InvalidMessageError | UnknownChannelError;
}

export interface SendManyResult {
  queued: number;
  duplicate: number;
  /** The first thousand; `onInvalid` is called for all. */
  invalid: InvalidItem[];
  invalidTotal: number;
}

export interface SendManyOptions {
  /**
   * Checks every message as usual, but enqueues none: `queued` counts those that would be. An id that occurs twice in the
   * source counts twice.
   */
  dryRun?: boolean;
  onResult?: (result: SendResult & { index: number }) => void;
  onInvalid?: (item: InvalidItem) => void;
}

export interface SendDeps extends AcceptedCountDeps {
  connection: ProducerConnection;
  channelRegistry: ChannelRegistry;
  /** Channels that the caller declares. */
  listed: KnownChannels['listed'];
  prepare: (input: unknown) => Preparation;
  turns: Turns;
}

export const MAX_INVALID_KEPT = 1000;

type EnqueueResult = SendResult | InvalidMessageError | UnknownChannelError | ProducerRefusedError;

/**
 * Sends one message; the calls of one turn of the event loop travel together.
 * @throws InvalidMessageError, UnknownChannelError, ProducerTimeoutError, ProducerRefusedError
 */
export function createSend(deps: SendDeps): (input: unknown) => Promise<SendResult> {
  const enqueueOne = gather(
    (messages: () => Promise<readonly PreparedMessage[]>) =>
      deps.connection.call('send', async (attempt, aside) =>
        enqueue(await messages(), { attempt, aside, dryRun: false, refusals: 'of each' }, deps),
      ),
    MAX_MESSAGES,
  );
  return async (input) => {
    // Synchronously: the caller may reuse the object.
    const preparation = prepareCounted(input, deps);
    if (preparation.kind === 'invalid') throw preparation.error;
    const { prepared } = preparation;
    const enqueued = await enqueueOne(prepared).catch((error: unknown) => error as Error);
    if (!(enqueued instanceof Error)) return enqueued;
    countLost([prepared], enqueued, deps);
    throw enqueued;
  };
}

const MANY_OPTIONS: OptionNames<SendManyOptions> = { dryRun: true, onResult: true, onInvalid: true };

/** @throws InterruptedError with the result so far, when Redis or the source fails in between; TypeError for a wrong option */
export async function sendMany(
  inputs: Source<unknown>,
  options: SendManyOptions,
  given: SendDeps,
): Promise<SendManyResult> {
  const { onResult, onInvalid, dryRun = false } = checkOptions('sendMany', options, MANY_OPTIONS);
  const deps = dryRun ? { ...given, onAccepted: () => {} } : given;
  const result: SendManyResult = { queued: 0, duplicate: 0, invalid: [], invalidTotal: 0 };
  const refuse = (index: number, error: InvalidItem['error']): void => {
    result.invalidTotal += 1;
    if (result.invalid.length < MAX_INVALID_KEPT) result.invalid.push({ index, error });
    onInvalid?.({ index, error });
  };
  const begin = () => messageBatch({ ...deps, channels: (items) => channelsOf(items, deps) });
  const interruption = await inFilledBatches(inputs, begin, async ({ items }, from) => {
    for (const { input, preparation } of items)
      if (preparation.kind === 'invalid') deps.onAccepted(deps.countedFor(input), 'invalid');
    const results = (await enqueueBatch(goodOf(items), dryRun, deps)).values();
    for (const [offset, { preparation }] of items.entries()) {
      const index = from + offset;
      const enqueued = preparation.kind === 'invalid' ? preparation.error : results.next().value!;
      if (enqueued instanceof Error) refuse(index, enqueued as InvalidItem['error']);
      else {
        result[enqueued.status] += 1;
        onResult?.({ index, ...enqueued });
      }
    }
  });
  if (interruption) throw new InterruptedError('sendMany', interruption, result);
  return result;
}

function prepareCounted(input: unknown, { prepare, onAccepted, countedFor }: SendDeps): Preparation {
  const preparation = prepare(input);
  if (preparation.kind === 'invalid') onAccepted(countedFor(input), 'invalid');
  return preparation;
}

const goodOf = (items: readonly PreparedInput[]): PreparedMessage[] =>
  items.flatMap(({ preparation }) => (preparation.kind === 'prepared' ? [preparation.prepared] : []));

/** The announced channels, as this producer knows them: asks only where it has never asked. */
async function channelsOf(
  items: readonly PreparedInput[],
  deps: SendDeps,
): Promise<ReadonlyMap<string, ChannelFacts>> {
  const { connection, channelRegistry } = deps;
  return (
    channelRegistry.last() ??
    (await callFor(goodOf(items), deps, (attempt) =>
      attempt(connection.stores.directory, () => channelRegistry.current()),
    ))
  );
}

const enqueueBatch = async (
  messages: readonly PreparedMessage[],
  dryRun: boolean,
  deps: SendDeps,
): Promise<EnqueueResult[]> =>
  messages.length === 0
    ? []
    : await callFor(messages, deps, (attempt, aside) =>
        enqueue(messages, { attempt, aside, dryRun, refusals: 'of all' }, deps),
      );

/** Runs a call of the connection, on whose failure these messages are lost. */
const callFor = <T>(
  messages: readonly PreparedMessage[],
  deps: SendDeps,
  body: (attempt: Attempt, aside: Aside) => Promise<T>,
): Promise<T> =>
  deps.connection.call('sendMany', body).catch((error: unknown) => {
    countLost(messages, error, deps);
    throw error;
  });

interface EnqueueContext {
  attempt: Attempt;
  aside: Aside;
  dryRun: boolean;
  /** Whether a job that Redis refuses fails the whole call, or is the result of its messages: the others may be stored. */
  refusals: 'of all' | 'of each';
}

/** Enqueues messages within one call of the connection; returns results in the order of the messages. */
async function enqueue(
  messages: readonly PreparedMessage[],
  { attempt, aside, dryRun, refusals }: EnqueueContext,
  deps: SendDeps,
): Promise<EnqueueResult[]> {
  const { connection, channelRegistry } = deps;
  const channels = await attempt(connection.stores.directory, () => channelRegistry.current());
  const results = await aside(() => checkFit(messages, channels, deps));
  const jobs = groupIntoJobs(
    messages.filter((message) => !results.has(message)),
    ({ channel, recipient }) => storeOf(channel, channels.get(channel)?.shards, recipient.key),
  );
  const add = async ({ store: name, messages: job }: JobGroup): Promise<void> => {
    const [{ priority, dueAt, id, ownId }] = job as [PreparedMessage];
    // A message that travels alone gives its made-up id to its job.
    const jobId = job.length === 1 && !ownId ? id : newJobId(job.length);
    const added = { jobId, priority, dueAt, messages: job };
    const store = connection.stores.of(name);
    const addTo = (to: ChannelStore) => attempt(to.redis, () => enqueueJob(to, added, dryRun));
    // The store was left for another number of shards. Workers deal out what is added to the channel's home.
    const queued = (await addTo(store)) ?? (await addTo(connection.stores.of(store.channel)))!;
    for (const [index, message] of job.entries()) {
      const status = queued[index] ? 'queued' : 'duplicate';
      results.set(message, { status, id: message.id });
      countTaken(message, status, deps);
    }
  };
  const addOrTell = (job: JobGroup): Promise<void> =>
    add(job).catch((error: unknown) => {
      if (!(error instanceof ProducerRefusedError)) throw error;
      for (const message of job.messages) results.set(message, error);
    });
  await Promise.all(jobs.map(refusals === 'of each' ? addOrTell : add));
  return messages.map((message) => results.get(message)!);
}

/** Rendering many messages may take long: yields in between, and the time does not count as waiting for Redis. */
async function checkFit(
  messages: readonly PreparedMessage[],
  announced: ReadonlyMap<string, ChannelFacts>,
  deps: SendDeps,
): Promise<Map<PreparedMessage, EnqueueResult>> {
  const { listed, turns } = deps;
  const results = new Map<PreparedMessage, EnqueueResult>();
  await eachInTurn(messages, turns, (message) => {
    const error = misfit(message, { announced, listed });
    if (!error) return;
    results.set(message, error);
    countMisfit(message, announced, deps);
  });
  return results;
}
