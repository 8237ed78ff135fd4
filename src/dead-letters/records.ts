import { loadScript } from '../ledger/script.ts';
import type { DeadReason } from '../outcome.ts';
import type { ChannelStore } from '../redis/channel-store.ts';

/** Dead letters: records of their own, written by the script that makes a message dead (`letters.lua`). */

/** A letter as it is listed: by its reason, at the instant of its death. */
export interface ListedDeadLetter {
  /** After the job that its message was enqueued with. */
  name: string;
  reason: DeadReason;
  /** Milliseconds since the epoch, store's clock. Tells this death from a later one of the same message. */
  diedAt: number;
}

export interface DeadLetterRecord extends ListedDeadLetter {
  /** The message's name, or its job's where no worker could read it. */
  id: string;
  /** The job that the message was enqueued with. */
  jobId: string;
  /** The ledger's name for the message's record. */
  key: string;
  /** The run that died, and the requests that left in it. */
  run: number;
  attempts: number;
  /** What the platform or the check said. */
  detail: string;
  /** When the message was enqueued: decimal milliseconds since the epoch, or whatever stood there. */
  enqueuedAt: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** Bytes of the data, where only the beginning of it was kept. */
  size: number | undefined;
}

const replayScript = loadScript('replay.lua');
const purgeScript = loadScript('purge.lua');

interface StoredDeadLetter {
  m: string;
  id: string;
  job: string;
  e: number;
  t: string;
  size?: number;
  detail: string;
  reason: DeadReason;
  run: number;
  attempts: number;
  at: number;
}

/** In the order of the names; undefined where there is no letter of that name. */
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
  key: stored.m,
  run: stored.run,
  attempts: stored.attempts,
  detail: stored.detail,
  enqueuedAt: stored.t,
  expiresAt: stored.e,
  size: stored.size,
});

/** The letter of this message id (the latest one), or of this job id. */
export async function findDeadLetter(store: ChannelStore, id: string): Promise<DeadLetterRecord | undefined> {
  const named = await store.redis.hget(store.keys.deadLetterIds, id);
  const found = await readDeadLetters(store, named === null || named === id ? [id] : [named, id]);
  return found.find((letter) => letter !== undefined);
}

/** The job's data as it was enqueued, or the beginning of it (see `size`). */
export const readDeadLetterData = async (store: ChannelStore, name: string): Promise<string> =>
  (await store.redis.hget(store.keys.deadLetterData, name)) ?? '';

/**
 * What a replay did with a letter. `replayed`: its next run has begun and its job stands in the queue. `delivered`: proof
 * of delivery came in since; the letter is dropped. `gone`: it is no longer listed with that death. The others leave it a
 * letter. `active`: a send of the message is in flight. `duplicate`: another message of its name ended within the last
 * day. `cut`: its data was too large to be kept.
 */
export type ReplayStatus = 'replayed' | 'delivered' | 'gone' | 'active' | 'duplicate' | 'cut';

const entriesOf = (letters: readonly ListedDeadLetter[]): string =>
  JSON.stringify(letters.map(({ name, reason, diedAt }) => ({ name, reason, at: diedAt })));

/** Safe to repeat, and at any time: each letter is replayed in one step or not at all. A few hundred at a time. */
export async function replayListed(
  store: ChannelStore,
  letters: readonly ListedDeadLetter[],
): Promise<ReplayStatus[]> {
  return (await store.run(replayScript, [entriesOf(letters)])) as ReplayStatus[];
}

/** @returns for each whether it was deleted; false where it is no longer listed with that death */
export async function purgeListed(
  store: ChannelStore,
  letters: readonly ListedDeadLetter[],
): Promise<boolean[]> {
  return ((await store.run(purgeScript, [entriesOf(letters)])) as number[]).map((done) => done === 1);
}
