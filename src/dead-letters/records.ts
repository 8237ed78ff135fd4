import { loadScript } from '../ledger/script.ts';
import type { DeadReason } from '../outcome.ts';
import type { ChannelStore } from '../redis/channel-store.ts';

/** The records of dead letters, written by the script that makes a message dead (`dead-letters.lua`). */

/** An entry of the index by reason. */
export interface ListedDeadLetter {
  /** Key of the record: the id of the job that the message was enqueued with. */
  name: string;
  reason: DeadReason;
  /**
   * Milliseconds since the epoch, store's clock. Distinguishes this death from a later one of the same message. In practice
   * two never fall into one millisecond: a replay, the pick-up of its job, a grant and a request lie between them.
   */
  diedAt: number;
}

export interface DeadLetterRecord extends ListedDeadLetter {
  /** The message's id, or the job's id if no worker could parse the message. */
  id: string;
  /** The job that the message was enqueued with. */
  jobId: string;
  /** The name of that job, if it is a job of many messages that could not be read as a whole; otherwise empty. */
  jobName: string;
  /** The key of the message's record in the ledger. */
  key: string;
  /** The run that ended, and the requests sent in it. */
  run: number;
  attempts: number;
  /** The error text of the platform or of the validation. */
  detail: string;
  /** The job's timestamp: decimal milliseconds since the epoch, or whatever a foreign producer wrote. */
  enqueuedAt: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** Bytes of the data, if only the beginning was kept. */
  size: number | undefined;
  /** The id of the campaign whose message it is. */
  campaign: string | undefined;
}

const replayScript = loadScript('replay.lua');
/** The same script, behind one that lets it write nothing. */
const predictReplayScript = loadScript('replay.lua', 'dry-run.lua');
const purgeScript = loadScript('purge.lua');

interface StoredDeadLetter {
  m: string;
  id: string;
  job: string;
  name?: string;
  e: number;
  t: string;
  size?: number;
  campaign?: string;
  detail: string;
  reason: DeadReason;
  run: number;
  attempts: number;
  at: number;
}

/** Reads records, in the order of the names; undefined for a name without a record. */
export async function readDeadLetters(
  store: ChannelStore,
  names: readonly string[],
): Promise<(DeadLetterRecord | undefined)[]> {
  if (names.length === 0) return [];
  const texts = await store.redis.hmget(store.keys.deadLetters, ...names);
  return texts.map((text, i) => (text === null ? undefined : toRecord(names[i]!, JSON.parse(text))));
}

const toRecord = (name: string, stored: StoredDeadLetter): DeadLetterRecord => ({
  name,
  reason: stored.reason,
  diedAt: stored.at,
  id: stored.id,
  jobId: stored.job,
  jobName: stored.name ?? '',
  key: stored.m,
  run: stored.run,
  attempts: stored.attempts,
  detail: stored.detail,
  enqueuedAt: stored.t,
  expiresAt: stored.e,
  size: stored.size,
  campaign: stored.campaign,
});

/** Finds the latest dead letter of this message id, or the one of this job id. */
export async function findDeadLetter(store: ChannelStore, id: string): Promise<DeadLetterRecord | undefined> {
  const named = await store.redis.hget(store.keys.deadLetterIds, id);
  const found = await readDeadLetters(store, named === null || named === id ? [id] : [named, id]);
  return found.find((letter) => letter !== undefined);
}

/** Reads the jobs' data as enqueued, or their beginning (see `size`), in the order of the names; empty for a name without. */
export async function readDeadLettersData(store: ChannelStore, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const texts = await store.redis.hmget(store.keys.deadLetterData, ...names);
  return texts.map((text) => text ?? '');
}

export const readDeadLetterData = async (store: ChannelStore, name: string): Promise<string> =>
  (await readDeadLettersData(store, [name]))[0]!;

/**
 * The result of replaying one dead letter. `replayed`: its next run started and its job is in the queue. `continued`: the same, in
 * a run that had started before. `delivered`: the delivery was proven since; the dead letter is dropped. `gone`: no longer indexed
 * with that death. With the others it stays a dead letter: `active`: a send of the message is in flight. `duplicate`: another message
 * with its id has not ended, or did within the last day. `cut`: its data were too large to be kept. `damaged`: the ledger's record of
 * the message cannot be read.
 */
export type ReplayStatus =
  | 'replayed'
  | 'continued'
  | 'delivered'
  | 'gone'
  | 'active'
  | 'duplicate'
  | 'cut'
  | 'damaged';

/** Flat, since a script takes three times as long to read an object each. */
const entriesOf = (letters: readonly ListedDeadLetter[]): string =>
  JSON.stringify({
    names: letters.map(({ name }) => name),
    reasons: letters.map(({ reason }) => reason),
    deaths: letters.map(({ diedAt }) => diedAt),
  });

/** Replays a batch of a few hundred. Idempotent and safe at any time: each dead letter is replayed atomically or not at all. */
export async function replayListed(
  store: ChannelStore,
  letters: readonly ListedDeadLetter[],
): Promise<ReplayStatus[]> {
  return (await store.run(replayScript, [entriesOf(letters)])) as ReplayStatus[];
}

/**
 * The results that a replay would have now. Changes nothing.
 * @param at the present instant by the store's clock, milliseconds since the epoch
 */
export async function predictListed(
  store: ChannelStore,
  letters: readonly ListedDeadLetter[],
  at: number,
): Promise<ReplayStatus[]> {
  const args = [entriesOf(letters), '', '', String(at)];
  return (await store.run(predictReplayScript, args)) as ReplayStatus[];
}

/** @returns for each whether it was deleted; false if it is no longer indexed with that death */
export async function purgeListed(
  store: ChannelStore,
  letters: readonly ListedDeadLetter[],
): Promise<boolean[]> {
  return ((await store.run(purgeScript, [entriesOf(letters)])) as number[]).map((done) => done === 1);
}
