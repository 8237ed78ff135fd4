import type { OperatedStore } from '../../channels/installation.ts';
import { type DeadLetterRecord, findDeadLetter, readDeadLetterData } from '../../dead-letters/records.ts';
import type { Delivery, Entry } from '../../jobs/envelope.ts';
import type { StoredJob } from '../../jobs/stored-jobs.ts';
import { explainMessage } from '../../ledger/lookups.ts';
import { messageKey } from '../../ledger/names.ts';
import { deadLetterAsJob, readStored } from '../read-stored.ts';
import { explainRecord } from './explained-ledger.ts';
import { findLiveJob, type Sought } from './live-jobs.ts';

export interface LocatedMessage {
  id: string;
  /** The key of the message's record. */
  key: string;
  job?: StoredJob | undefined;
  letter?: DeadLetterRecord | undefined;
  delivery?: Delivery | undefined;
}

/**
 * Finds a message by its id or its job's id: in its job, or else in its dead letter.
 * @param unrecorded whether to read jobs of the queue where neither a record nor a letter nor the id of a job is found
 */
export async function locateMessage(
  channel: OperatedStore,
  asked: string,
  unrecorded: boolean,
): Promise<LocatedMessage> {
  const key = messageKey(asked);
  const letter = await findDeadLetter(channel.store, asked);
  const job = await findJob(channel, { id: asked, key, unrecorded }, letter);
  const stored =
    job ?? (letter && deadLetterAsJob(letter, await readDeadLetterData(channel.store, letter.name)));
  if (!stored) return { id: asked, key };
  const entries = await readStored(stored, channel);
  const read = entries.find((entry) => keyOf(entry) === key) ?? entries[0];
  if (read?.kind === 'delivery') {
    const { ref, ledger } = read.delivery;
    return { job, letter, id: ref.id, key: ledger.key, delivery: read.delivery };
  }
  if (read?.kind === 'invalid') {
    return { job, letter, id: read.ref.id, key: letter?.key ?? read.ledger.key };
  }
  return { job, letter, id: asked, key: letter?.key ?? key };
}

/** Usually a dead letter's message has no job; but another run of it, or a later message of its id, may be in the queue. */
async function findJob(
  channel: OperatedStore,
  sought: Sought & { id: string },
  letter: DeadLetterRecord | undefined,
): Promise<StoredJob | undefined> {
  const named = await channel.queue.find(sought.id);
  if (named) return named;
  const { record } = await explainMessage(channel.store, { key: sought.key });
  const explained = explainRecord(record);
  if (letter && (!explained || 'at' in explained)) return undefined;
  return (await findLiveJob(channel, sought))?.job;
}

const keyOf = (entry: Entry): string | undefined =>
  entry.kind === 'delivery' ? entry.delivery.ledger.key : undefined;
