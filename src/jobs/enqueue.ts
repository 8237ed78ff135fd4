import { jobKey, messageKey } from '../ledger/names.ts';
import { loadScript } from '../ledger/script.ts';
import { DEFAULT_LIFE_MS } from '../message/schema.ts';
import type { ChannelStore } from '../redis/channel-store.ts';

/** Messages of one channel, to be added to its queue as one job. */
export interface NewJob {
  /** Made by `newJobId`. A call that is repeated with the same id adds nothing twice. */
  jobId: string;
  /** The priority of all its messages: 0 is first. */
  priority: number;
  /** When it may be picked up, milliseconds since the epoch; undefined if at once. */
  dueAt: number | undefined;
  /** At most `MAX_MESSAGES`, and `MAX_MESSAGES_BYTES` of text. */
  messages: readonly NewMessage[];
}

export interface NewMessage {
  id: string;
  /** The message as JSON, without the version. */
  text: string;
  /** Milliseconds since the epoch; undefined for the default. */
  expiresAt: number | undefined;
}

const script = loadScript('enqueue.lua');

/**
 * Adds the messages that are new to the channel, and a record for each, in one script call: a job named `message` for one,
 * `messages` for several, none if all are duplicates. Safe to repeat when the answer was lost.
 * @param dryRun answers the same and writes nothing; an id that occurs twice counts as queued twice
 * @returns for each message, in order, whether it is queued: false if its id is that of a message that waits, or has been final for
 *   less than a day. Undefined if the store takes no messages any more, because its channel has another number of shards by now
 */
export async function enqueueJob(
  store: ChannelStore,
  { jobId, priority, dueAt, messages }: NewJob,
  dryRun = false,
): Promise<boolean[] | undefined> {
  const request = {
    job: jobId,
    key: jobKey(jobId),
    priorities: queuePriorities(priority),
    due: dueAt ?? 0,
    life: DEFAULT_LIFE_MS,
    expires: messages.some(({ expiresAt }) => expiresAt !== undefined)
      ? messages.map(({ expiresAt = 0 }) => expiresAt)
      : undefined,
    dry: dryRun,
  };
  const fingerprints = messages.map(({ id }) => messageKey(id)).join('');
  const data = `{"v":1,"messages":[${messages.map(({ text }) => text).join(',')}]}`;
  const lengths = messages.map(({ text }) => Buffer.byteLength(text));
  const args = [JSON.stringify(request), fingerprints, data, JSON.stringify(lengths)];
  const reply = (await store.run(script, args)) as number[] | 'left';
  if (reply === 'left') return undefined;
  const queued = messages.map(() => true);
  for (const position of reply) queued[position - 1] = false;
  return queued;
}

/**
 * BullMQ's priorities for a job of one message and for a job of many. A message that was sent alone precedes the jobs of many of its
 * priority, which take a while.
 */
const queuePriorities = (priority: number): [one: number, many: number] => [2 * priority, 2 * priority + 1];
