import type { DeadLetterRecord } from '../../dead-letters/records.ts';
import type { JobState } from '../../jobs/channel-queue.ts';
import type { ChannelState } from '../../ledger/channel-state.ts';
import type { Receipt } from '../../receipts/receipts.ts';
import type { Hold } from '../status.ts';
import type { ExplainedContent } from './explained-content.ts';
import type { ExplainedPlay, ExplainedRecord, ExplainedSlot } from './explained-ledger.ts';
import type { Prediction } from './prediction.ts';

/** The state of one message. Times in milliseconds since the epoch by the store's clock. */
export interface Explanation {
  channel: string;
  id: string;
  now: number;
  job: ExplainedJob | null;
  /** Its dead letter, if it has one. */
  letter: ExplainedDeadLetter | null;
  /** The message in its job or dead letter; null without either, or if it cannot be parsed. */
  message: ExplainedMessage | null;
  /** What it will say; null unless that was requested, the message waits, and it can be read. */
  content: ExplainedContent | null;
  /** The id of its campaign. */
  campaign: string | null;
  record: ExplainedRecord | null;
  /** The recipient's slot, whichever message holds it; null if the message cannot be parsed. */
  slot: (ExplainedSlot & { ownerId: string | null }) | null;
  play: ExplainedPlay | null;
  /** The result of the next pickup of its job; null if unknown. */
  predicted: Prediction | null;
  /** Oldest first. */
  receipts: Receipt[];
  receiptsComplete: boolean;
  stopped: Hold | null;
  resting: ChannelState['resting'];
  /** The number of workers that serve the channel now. */
  workers: number;
  /** What happened when, and what comes next. */
  timeline: TimelineEntry[];
}

export interface ExplainedJob {
  id: string;
  state: JobState;
  enqueuedAt: number;
  /** When a delayed job is due. */
  dueAt: number | null;
  /** The number of times that workers picked it up. */
  pickups: number;
  failedReason: string | null;
  /** The message's version, if it is newer than what this Herald supports. */
  newerVersion: number | null;
}

export interface ExplainedDeadLetter {
  reason: DeadLetterRecord['reason'];
  detail: string;
  run: number;
  attempts: number;
  at: number;
  /** Null where a foreign producer wrote something else. */
  enqueuedAt: number | null;
  /** Whether its data were too large to keep, so that it cannot be replayed. */
  cut: boolean;
}

export interface ExplainedMessage {
  to: unknown;
  sendAt: number | null;
  expiresAt: number;
  onQuota: 'drop' | 'defer';
}

/** One event of a message, past or to come, as far as the queue, the ledger and the receipts know. */
export interface TimelineEntry {
  /** Milliseconds since the epoch by the store's clock. */
  at: number;
  event:
    | 'played'
    | 'play_refused'
    | 'enqueued'
    | 'run_began'
    | 'in_doubt'
    | 'run_ended'
    | 'channel_stopped'
    | 'deadline'
    | 'send_at'
    | 'pickup'
    | 'rest_ends'
    | 'window_ends'
    | 'expires';
  /** What happens then and why, without the instant. */
  text: string;
}

/** What the timeline and the next step are made of. */
export type Facts = Omit<Explanation, 'timeline'>;
