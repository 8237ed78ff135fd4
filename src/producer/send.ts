import type { Announcements, ChannelFacts } from '../channels/registry.ts';
import type { Queues } from '../jobs/enqueue.ts';
import type { Turns } from '../turns.ts';
import { inBatches, type Source } from './batches.ts';
import type { Attempt, ProducerConnection } from './connection.ts';
import { InterruptedError, type InvalidMessageError, type UnknownChannelError } from './errors.ts';
import type { KnownChannels } from './known-channels.ts';
import { misfit, type Preparation, type PreparedMessage } from './prepare.ts';

/** What the producer asks the ledger: whether there is a record that became final less than a day ago. */
export interface FinalRecords {
  known(channel: string, ids: readonly string[]): Promise<boolean[]>;
}

export interface SendResult {
  status: 'queued' | 'duplicate';
  /** The message's name: the caller's own or a made-up one. */
  id: string;
}

/** What became of a message that a producer was handed. */
export type AcceptedStatus = SendResult['status'] | 'invalid';

export interface InvalidItem {
  /** Position in what was handed to sendMany, from 0. */
  index: number;
  error: InvalidMessageError | UnknownChannelError;
}

export interface SendManyResult {
  queued: number;
  duplicate: number;
  /** The first thousand; `onInvalid` hears of all. */
  invalid: InvalidItem[];
  invalidTotal: number;
}

export interface SendManyOptions {
  /**
   * Checks every message as ever, and takes none: `queued` tells how many would be. A name that is there twice among these
   * messages counts twice.
   */
  dryRun?: boolean;
  onResult?: (result: SendResult & { index: number }) => void;
  onInvalid?: (item: InvalidItem) => void;
}

export interface SendDeps {
  connection: ProducerConnection;
  queues: Queues;
  announcements: Announcements;
  records: FinalRecords;
  /** Channels that the caller vouches for. */
  listed: KnownChannels['listed'];
  prepare: (input: unknown) => Preparation;
  turns: Turns;
  onAccepted: (channel: string, status: AcceptedStatus) => void;
  /** The channel that a message which could not be read is counted for. */
  countedFor: (input: unknown) => string;
}

export const MAX_INVALID_KEPT = 1000;

type Verdict = SendResult | InvalidMessageError | UnknownChannelError;

/** @throws InvalidMessageError, UnknownChannelError, ProducerTimeoutError, ProducerRefusedError */
export async function sendOne(input: unknown, deps: SendDeps): Promise<SendResult> {
  // At once: the caller may use the object again.
  const preparation = prepareCounted(input, deps);
  if (preparation.kind === 'invalid') throw preparation.error;
  const [verdict] = await enqueue('send', [preparation.prepared], deps);
  if (verdict instanceof Error) throw verdict;
  return verdict!;
}

/** @throws InterruptedError with what was settled, when Redis or the source fails on the way */
export async function sendMany(
  inputs: Source<unknown>,
  { onResult, onInvalid, dryRun = false }: SendManyOptions,
  given: SendDeps,
): Promise<SendManyResult> {
  const deps = dryRun ? { ...given, queues: looking(given.queues), onAccepted: () => {} } : given;
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
    const verdicts = (await enqueue('sendMany', good, deps)).values();
    for (const [offset, preparation] of preparations.entries()) {
      const index = from + offset;
      const verdict = preparation.kind === 'invalid' ? preparation.error : verdicts.next().value!;
      if (verdict instanceof Error) refuse(index, verdict);
      else {
        result[verdict.status] += 1;
        onResult?.({ index, ...verdict });
      }
    }
  });
  if (interruption) throw new InterruptedError('sendMany', interruption, result);
  return result;
}

/** Tells what an add would answer, and adds nothing. */
const looking = (queues: Queues): Queues => ({
  ...queues,
  add: async (channel, messages) => (await queues.holds(channel, messages)).map((held) => !held),
});

function prepareCounted(input: unknown, { prepare, onAccepted, countedFor }: SendDeps): Preparation {
  const preparation = prepare(input);
  if (preparation.kind === 'invalid') onAccepted(countedFor(input), 'invalid');
  return preparation;
}

/** The one way into the queues, for one message or many: verdicts in the order of the messages. */
async function enqueue(
  operation: string,
  messages: readonly PreparedMessage[],
  deps: SendDeps,
): Promise<Verdict[]> {
  if (messages.length === 0) return [];
  return deps.connection.call(operation, async (attempt, aside) => {
    const channels = await attempt(() => deps.announcements.current());
    const verdicts = await aside(() => checkFit(messages, channels, deps));
    const groups = new Map<string, PreparedMessage[]>();
    for (const message of messages) {
      if (verdicts.has(message)) continue;
      if (!groups.get(message.channel)?.push(message)) groups.set(message.channel, [message]);
    }
    for (const [channel, group] of groups) {
      const statuses = await enqueueChannel(channel, group, attempt, deps);
      for (const [index, message] of group.entries()) {
        const status = statuses[index]!;
        verdicts.set(message, { status, id: message.id });
        deps.onAccepted(channel, status);
      }
    }
    return messages.map((message) => verdicts.get(message)!);
  });
}

/** Renders them: that may take long for many, so it goes by turns, and Redis is not waited for meanwhile. */
async function checkFit(
  messages: readonly PreparedMessage[],
  announced: ReadonlyMap<string, ChannelFacts>,
  { listed, turns, onAccepted, countedFor }: SendDeps,
): Promise<Map<PreparedMessage, Verdict>> {
  const verdicts = new Map<PreparedMessage, Verdict>();
  for (const message of messages) {
    const error = await turns(() => misfit(message, { announced, listed }));
    if (!error) continue;
    verdicts.set(message, error);
    onAccepted(announced.has(message.channel) ? message.channel : countedFor(message), 'invalid');
  }
  return verdicts;
}

/**
 * The records are asked once, before the first add: a repeated add (an answer was lost with its connection) must not
 * meet the record of its own job that was quicker. A message that becomes final in between is caught at admission.
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
