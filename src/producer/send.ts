import type { ChannelFacts, ChannelRegistry } from '../channels/registry.ts';
import type { Queues } from '../jobs/enqueue.ts';
import type { Turns } from '../turns.ts';
import { inBatches, type Source } from './batches.ts';
import type { Attempt, ProducerConnection } from './connection.ts';
import { InterruptedError, type InvalidMessageError, type UnknownChannelError } from './errors.ts';
import type { KnownChannels } from './known-channels.ts';
import { misfit, type Preparation, type PreparedMessage } from './prepare.ts';

/** Looks up ids in the ledger: whether each has a record that became final less than a day ago. */
export interface FinalRecords {
  known(channel: string, ids: readonly string[]): Promise<boolean[]>;
}

export interface SendResult {
  status: 'queued' | 'duplicate';
  /** The id of the message: the caller's, or a generated one. */
  id: string;
}

/** The result of a message handed to a producer. */
export type AcceptedStatus = SendResult['status'] | 'invalid';

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

export interface SendDeps {
  connection: ProducerConnection;
  queues: Queues;
  channelRegistry: ChannelRegistry;
  records: FinalRecords;
  /** Channels that the caller declares. */
  listed: KnownChannels['listed'];
  prepare: (input: unknown) => Preparation;
  turns: Turns;
  onAccepted: (channel: string, status: AcceptedStatus) => void;
  /** The channel label under which an invalid message is counted. */
  countedFor: (input: unknown) => string;
}

export const MAX_INVALID_KEPT = 1000;

type EnqueueResult = SendResult | InvalidMessageError | UnknownChannelError;

/** @throws InvalidMessageError, UnknownChannelError, ProducerTimeoutError, ProducerRefusedError */
export async function sendOne(input: unknown, deps: SendDeps): Promise<SendResult> {
  // Synchronously: the caller may reuse the object.
  const preparation = prepareCounted(input, deps);
  if (preparation.kind === 'invalid') throw preparation.error;
  const [enqueued] = await enqueue('send', [preparation.prepared], deps);
  if (enqueued instanceof Error) throw enqueued;
  return enqueued!;
}

/** @throws InterruptedError with the result so far, when Redis or the source fails in between */
export async function sendMany(
  inputs: Source<unknown>,
  { onResult, onInvalid, dryRun = false }: SendManyOptions,
  given: SendDeps,
): Promise<SendManyResult> {
  const deps = dryRun ? { ...given, queues: readOnly(given.queues), onAccepted: () => {} } : given;
  const result: SendManyResult = { queued: 0, duplicate: 0, invalid: [], invalidTotal: 0 };
  const refuse = (index: number, error: InvalidItem['error']): void => {
    result.invalidTotal += 1;
    if (result.invalid.length < MAX_INVALID_KEPT) result.invalid.push({ index, error });
    onInvalid?.({ index, error });
  };
  const interruption = await inBatches(inputs, async ({ items, from }) => {
    const preparations: Preparation[] = [];
    for (const item of items) preparations.push(await deps.turns(() => prepareCounted(item, deps)));
    const good = preparations.flatMap((one) => (one.kind === 'prepared' ? [one.prepared] : []));
    const results = (await enqueue('sendMany', good, deps)).values();
    for (const [offset, preparation] of preparations.entries()) {
      const index = from + offset;
      const enqueued = preparation.kind === 'invalid' ? preparation.error : results.next().value!;
      if (enqueued instanceof Error) refuse(index, enqueued);
      else {
        result[enqueued.status] += 1;
        onResult?.({ index, ...enqueued });
      }
    }
  });
  if (interruption) throw new InterruptedError('sendMany', interruption, result);
  return result;
}

/** Queues whose `add` returns what an add would, and adds nothing. */
const readOnly = (queues: Queues): Queues => ({
  ...queues,
  add: async (channel, messages) => (await queues.holds(channel, messages)).map((held) => !held),
});

function prepareCounted(input: unknown, { prepare, onAccepted, countedFor }: SendDeps): Preparation {
  const preparation = prepare(input);
  if (preparation.kind === 'invalid') onAccepted(countedFor(input), 'invalid');
  return preparation;
}

/** Enqueues one or many messages; returns results in the order of the messages. */
async function enqueue(
  operation: string,
  messages: readonly PreparedMessage[],
  deps: SendDeps,
): Promise<EnqueueResult[]> {
  if (messages.length === 0) return [];
  return deps.connection.call(operation, async (attempt, aside) => {
    const channels = await attempt(() => deps.channelRegistry.current());
    const results = await aside(() => checkFit(messages, channels, deps));
    const groups = new Map<string, PreparedMessage[]>();
    for (const message of messages) {
      if (results.has(message)) continue;
      if (!groups.get(message.channel)?.push(message)) groups.set(message.channel, [message]);
    }
    for (const [channel, group] of groups) {
      const statuses = await enqueueChannel(channel, group, attempt, deps);
      for (const [index, message] of group.entries()) {
        const status = statuses[index]!;
        results.set(message, { status, id: message.id });
        deps.onAccepted(channel, status);
      }
    }
    return messages.map((message) => results.get(message)!);
  });
}

/** Rendering many messages may take long: yields in between, and the time does not count as waiting for Redis. */
async function checkFit(
  messages: readonly PreparedMessage[],
  announced: ReadonlyMap<string, ChannelFacts>,
  { listed, turns, onAccepted, countedFor }: SendDeps,
): Promise<Map<PreparedMessage, EnqueueResult>> {
  const results = new Map<PreparedMessage, EnqueueResult>();
  for (const message of messages) {
    const error = await turns(() => misfit(message, { announced, listed }));
    if (!error) continue;
    results.set(message, error);
    onAccepted(announced.has(message.channel) ? message.channel : countedFor(message), 'invalid');
  }
  return results;
}

/**
 * Records are looked up once, before the first add: a repeated add (its answer was lost with the connection) must not
 * find the record of its own job, which a worker may have finished by then. Admission catches a message that becomes
 * final in between.
 */
async function enqueueChannel(
  channel: string,
  group: readonly PreparedMessage[],
  attempt: Attempt,
  { queues, records }: SendDeps,
): Promise<SendResult['status'][]> {
  const named = group.filter((message) => message.ownId);
  const done = new Set<PreparedMessage>();
  if (named.length > 0) {
    const ids = named.map((message) => message.id);
    const known = await attempt(() => records.known(channel, ids));
    for (const [index, message] of named.entries()) if (known[index]) done.add(message);
  }
  const fresh = group.filter((message) => !done.has(message));
  const taken = fresh.length > 0 ? await attempt(() => queues.add(channel, fresh)) : [];
  const queued = new Set(fresh.filter((_, index) => taken[index]));
  return group.map((message) => (queued.has(message) ? 'queued' : 'duplicate'));
}
