import type { CampaignTotals } from '../ledger/channel-state.ts';
import {
  type BreakerState,
  type DeadReason,
  type RestReason,
  STOP_REASONS,
  type WaitCause,
} from '../outcome.ts';

/**
 * What a worker samples of a whole channel every few seconds: the queue, the dead letters, rests and stops. All workers of a channel
 * see the same figures, so dashboards take `max by (channel)`, never a sum.
 */

export const QUEUE_STATES = ['ready', 'active', 'scheduled', 'waiting_slot', 'retrying', 'dead'] as const;
export type QueueState = (typeof QUEUE_STATES)[number];

/** Why a channel is held until a person acts. BullMQ's dashboards pause the queue itself, which the ledger cannot see. */
export const HOLD_REASONS = [...STOP_REASONS, 'queue_paused'] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

/** How a dead letter was removed: replayed, purged, or because its message was delivered after all. */
export const DEAD_LETTER_REMOVALS = ['replayed', 'purged', 'delivered'] as const;
export type DeadLetterRemoval = (typeof DEAD_LETTER_REMOVALS)[number];

export interface ChannelSample {
  channel: string;
  /** When it was taken, milliseconds since the epoch by the store's clock. */
  at: number;
  /** Messages by state. A state left out counts as none. */
  queue: Partial<Record<QueueState, number>>;
  /** How many messages a worker could send now: neither waiting for a slot or a backoff, nor held by a rest or a stop. */
  ready: number;
  /** Messages that wait, by what they wait for. A cause left out counts as none. */
  waiting: Partial<Record<WaitCause, number>>;
  /** Seconds since the later of enqueue and `sendAt`, of the oldest message of each state; left out where there is none. */
  oldestAgeSeconds: Partial<Record<QueueState, number>>;
  deadLetters: Partial<Record<DeadReason, number>>;
  /** 0 when there is none. */
  oldestDeadLetterAgeSeconds: number;
  campaignTotals: CampaignTotals;
  resting: { reason: RestReason } | null;
  breaker: BreakerState;
  /** Worker processes that serve the channel. */
  liveWorkers: number;
  /** Messages enqueued since the channel's first one. */
  enqueued: number;
  /** Slots of the windows that are open; undefined without a quota. */
  slots: { held: number; spent: number } | undefined;
  /** When the present window of a calendar quota ends, milliseconds since the epoch; undefined without one. */
  windowEndsAt: number | undefined;
  /** How many sends are in doubt now. */
  doubts: number;
  /** How many dead letters were removed since the channel's first message, by how. */
  removedDeadLetters: Partial<Record<DeadLetterRemoval, number>>;
  /** `at`: since when, milliseconds since the epoch by the store's clock; absent if unknown. */
  stopped: { reason: HoldReason; at?: number | undefined; detail?: string | undefined } | null;
}
