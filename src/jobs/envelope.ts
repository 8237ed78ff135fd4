import type { DeadLetterSource, LedgerMessage } from '../ledger/types.ts';
import type { AnyMessage } from '../message/schema.ts';
import type { MessageRef } from '../observe/observer.ts';
import type { Disposition } from '../outcome.ts';

/** A job as read from the queue. */
export interface QueuedJob {
  id: string;
  /** `messages` for a job of many, `campaign` for recipients of a campaign; any other name stands for one message. */
  name: string;
  /** Its data, JSON or not; only their beginning if `size` is given. */
  text: string;
  /** The size of the data in bytes, if they are too large to be read. */
  size?: number | undefined;
  /** When it was added, milliseconds since the epoch. */
  timestamp: number;
  /** The number of pickups so far, including the current one. */
  pickups: number;
  /** The number of stalls since a worker last finished processing it. */
  stalls: number;
}

/** A job that was opened, and its messages. */
export interface Envelope {
  job: QueuedJob;
  entries: EntryList;
  /** The campaign that the job is of, if it is of one. */
  campaign?: CampaignContent | undefined;
}

/** What is kept once with a campaign, and not in its jobs. */
export interface CampaignContent {
  id: string;
  /** When it was created: tells it from another campaign of the same id. */
  created: string;
  /** What its messages have in common. */
  message: Readonly<Record<string, unknown>>;
  /** When its messages expire, milliseconds since the epoch. */
  expiresAt: number;
  paused: boolean;
}

/**
 * The messages of a job, in their order; for a job that cannot be parsed, one entry that is `invalid` or `newer`. Each is read when
 * it is asked for: if all of a job were read at once, they would outlive the young generation of the heap, and collecting them
 * would cost as much as delivering them.
 */
export interface EntryList {
  /** At least one. */
  readonly length: number;
  /** Reads the message, anew with each call. Never throws. */
  read(index: number): Entry;
}

export type Entry =
  | { kind: 'delivery'; delivery: Delivery }
  /** Of a later version of the wire contract. */
  | NewerEntry
  | InvalidEntry;

export interface NewerEntry {
  kind: 'newer';
  v: number;
  /** Its origin: the job that it was enqueued with, and its position in a job of many. */
  origin: string;
  source: EntrySource;
}

export interface InvalidEntry {
  kind: 'invalid';
  ref: MessageRef;
  ledger: LedgerMessage;
  source: EntrySource;
  problem: string;
}

/** One message, ready for admission. */
export interface Delivery {
  message: AnyMessage;
  ref: MessageRef;
  ledger: LedgerMessage;
  source: EntrySource;
  expiresAt: number;
  /** The later of enqueue and `sendAt`; latency counts from here. */
  dueAt: number;
  /** Pickups of its job, from 1. */
  pickups: number;
  /** Stalls of its job. */
  stalls: number;
  /**
   * A cached rendering is used again if the message has the same job, id and content key. The job's data stand for the key when it is
   * absent.
   */
  contentKey?: string | undefined;
}

/**
 * What a dead letter of the message would keep, except the detail. Its texts are long, and are made only if they are asked for: by
 * functions and not by getters, since an object with a getter of its own keeps what the getter refers to until a full collection.
 */
export interface EntrySource extends Omit<DeadLetterSource, 'detail' | 'data'> {
  data(): string;
  /** The job that the message gets when it leaves a job of many; when absent, a job `message` with `data`. */
  alone?(): { name: string; data: string };
  /** The job that it gets in another store; when absent, the same. */
  away?(): { name: string; data: string };
}

/** The dead letter of a message that died of `detail`. */
export const letterOf = (source: EntrySource, detail: string): DeadLetterSource => ({
  name: source.name,
  data: source.data(),
  size: source.size,
  enqueuedAt: source.enqueuedAt,
  dueAt: source.dueAt,
  priority: source.priority,
  detail,
});

/** The way of one message through a worker. */
export interface Pipeline {
  /**
   * Rejects only for infrastructure errors and bugs; the job is then left to stall and is redelivered.
   * @param answered called when the platform has accepted the message, before that is written to the ledger
   */
  deliver(entry: Entry, answered?: () => void): Promise<Disposition>;
  /**
   * Puts off a message of a paused campaign, without an admission.
   * @param expiresAt of the campaign's messages, milliseconds since the epoch
   */
  pause(expiresAt: number): Disposition;
  /** Sends nothing new from here on; requests in flight are aborted. */
  abort(): void;
}
