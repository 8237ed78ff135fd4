import type { DeadLetterSource, LedgerMessage } from '../ledger/types.ts';
import type { AnyMessage } from '../message/schema.ts';
import type { MessageRef } from '../observe/observer.ts';
import type { Disposition } from '../outcome.ts';

/** A job as the queue hands it over. */
export interface QueuedJob {
  id: string;
  /** Its data, JSON or not, or the beginning of them where `size` is given. */
  text: string;
  /** Bytes of all the data, where they are too many to be read. */
  size?: number | undefined;
  /** When it was added, milliseconds since the epoch. */
  timestamp: number;
  /** How often workers picked it up so far; while it is in a worker's hands, this time included. */
  pickups: number;
  /** How often it stalled since a worker last brought it to a result. */
  stalls: number;
}

/** A job that was read: its messages, each on its own. A job that cannot be read is one entry, which says so. */
export interface Envelope {
  job: QueuedJob;
  entries: readonly [Entry, ...Entry[]];
}

export type Entry =
  | { kind: 'delivery'; delivery: Delivery }
  /** Written for a later version than this one. */
  | { kind: 'newer'; v: number }
  | InvalidEntry;

export interface InvalidEntry {
  kind: 'invalid';
  ref: MessageRef;
  ledger: LedgerMessage;
  source: EntrySource;
  problem: string;
}

/** One message on its way, ready for admission. */
export interface Delivery {
  message: AnyMessage;
  ref: MessageRef;
  ledger: LedgerMessage;
  source: EntrySource;
  expiresAt: number;
  /** The later of enqueue and `sendAt`: from here on somebody waits for it. */
  dueAt: number;
  /** Of its job, from 1. */
  pickups: number;
  /** Of its job. */
  stalls: number;
}

/** What a dead letter of the message would keep, but for the reason. */
export type EntrySource = Omit<DeadLetterSource, 'detail'>;

/** What becomes of the messages that a worker picked up. */
export interface Pipeline {
  /**
   * Rejects only for infrastructure and bugs; the job is then left to stall and is redelivered.
   * @returns a disposition for each entry, in order
   */
  deliver(envelope: Envelope): Promise<Disposition[]>;
  /** Sends nothing new from here on; requests in flight are aborted. */
  abort(): void;
}
