/**
 * The vocabulary of results. An outcome is the result of an attempt; a disposition is what happens next to
 * the message. Both are values: nothing here throws, or depends on the queue or a platform.
 * The reasons are metric labels and log values, so they are closed sets.
 */

export const DELIVERED_REASONS = ['sent', 'held_for_review', 'confirmed', 'presumed'] as const;
export const SUPPRESSED_REASONS = ['duplicate', 'quota', 'ineligible', 'expired', 'cancelled'] as const;
export const THROTTLED_REASONS = [
  'rate_limited',
  'breaker_open',
  'channel_stopped',
  'slot_busy',
  'quota_refused',
  'text_repeated',
  'refusal_unclear',
  'newer_version',
  'campaign_paused',
] as const;
export const UNKNOWN_REASONS = ['timeout', 'connection_lost', 'server_error', 'unreadable_answer'] as const;
export const REJECTED_REASONS = ['bad_recipient', 'bad_request'] as const;
export const DEAD_REASONS = [
  'invalid_message',
  'bad_recipient',
  'bad_request',
  'exhausted',
  'unconfirmed',
  'stalled',
] as const;
/** Why a channel sends nothing until an operator acts. */
export const STOP_REASONS = ['credentials', 'sender', 'paused', 'policy_changed', 'account_taken'] as const;
/** Why a whole channel rests; it resumes automatically. */
export const REST_REASONS = ['rate_limited', 'breaker_open'] as const;

/**
 * What a message waits for, by the reason under which the wait is reported. One reason may have several causes, and only the cause
 * says who makes the message wait: its recipient, this installation, the platform or an operator.
 */
export const WAIT_CAUSES = {
  /** `own_rate`: the channel's own limit; `platform_rate`: a rest that the platform asked for. */
  rate_limited: ['own_rate', 'platform_rate'],
  breaker_open: ['breaker'],
  channel_stopped: ['stopped'],
  /**
   * `quota`: the recipient's slot is spent until the window ends; `recipient_busy`: another message holds the slot; `window_end`: a
   * send begun now could end in the next window; `proof`: an earlier send of the message is unresolved; `late_grant`: the grant came
   * too late to be used.
   */
  slot_busy: ['quota', 'recipient_busy', 'window_end', 'proof', 'late_grant'],
  quota_refused: ['quota'],
  text_repeated: ['text_repeated'],
  refusal_unclear: ['refusal_unclear'],
  newer_version: ['newer_version'],
  campaign_paused: ['paused_campaign'],
  /** An attempt failed, and its backoff has not passed yet. */
  retry: ['retry'],
} as const satisfies Record<ThrottledReason | 'retry', readonly string[]>;

/** The causes that lie with the recipient: the message has to wait, whatever workers and platform do. */
export const RECIPIENT_CAUSES = ['quota', 'recipient_busy', 'window_end'] as const satisfies WaitCause[];

/**
 * Whether the channel sends: `closed`: it does. `open`: it does not, for a rest. `half_open`: it sends one message as a probe, and the
 * others follow once the platform has answered it.
 */
export const BREAKER_STATES = ['closed', 'open', 'half_open'] as const;

/** `listing`: recipients are still being added; `running`: all are listed; `done`: nothing is left to be sent. */
export const CAMPAIGN_STATES = ['listing', 'running', 'paused', 'cancelled', 'done'] as const;

export type CampaignStatus = (typeof CAMPAIGN_STATES)[number];
export type DeliveredReason = (typeof DELIVERED_REASONS)[number];
export type SuppressedReason = (typeof SUPPRESSED_REASONS)[number];
export type ThrottledReason = (typeof THROTTLED_REASONS)[number];
export type UnknownReason = (typeof UNKNOWN_REASONS)[number];
export type RejectedReason = (typeof REJECTED_REASONS)[number];
export type DeadReason = (typeof DEAD_REASONS)[number];
export type StopReason = (typeof STOP_REASONS)[number];
export type RestReason = (typeof REST_REASONS)[number];
export type BreakerState = (typeof BREAKER_STATES)[number];
export type WaitCause = (typeof WAIT_CAUSES)[keyof typeof WAIT_CAUSES][number];

/**
 * The result of an attempt. `detail` is for operators: at most a few hundred characters, without credentials
 * and content.
 */
export type Outcome = End & {
  /**
   * How long the platform asked not to be called, with any outcome: the whole channel rests for that long.
   * Milliseconds, more than 0.
   */
  restMs?: number | undefined;
};

type End =
  | {
      kind: 'delivered';
      reason: DeliveredReason;
      platformMessageId?: string | undefined;
      /** What else was requested and failed, without a need to send the message again. */
      detail?: string | undefined;
    }
  | { kind: 'suppressed'; reason: SuppressedReason; detail?: string | undefined }
  | {
      kind: 'throttled';
      reason: ThrottledReason;
      /** Set when the channel has to stop until an operator acts. */
      stop?: StopReason | undefined;
      /** Set when only this message has to wait and the channel continues: milliseconds from now. */
      messageWaitMs?: number | undefined;
      detail?: string | undefined;
    }
  | { kind: 'failed'; reason: 'not_connected'; detail: string }
  | { kind: 'unknown'; reason: UnknownReason; detail: string }
  | { kind: 'rejected'; reason: RejectedReason; detail: string };

export type OutcomeKind = Outcome['kind'];

/** The final states of a run, and why. */
export type FinalState =
  | { state: 'delivered'; reason: DeliveredReason }
  | { state: 'suppressed'; reason: SuppressedReason }
  | { state: 'dead'; reason: DeadReason };

/** A message is put back to wait. */
export interface Deferral {
  reason: ThrottledReason | 'retry';
  cause: WaitCause;
  delayMs: number;
}

/** What happens next to a message. Delays in milliseconds from now. */
export type Disposition =
  | { kind: 'complete'; final: FinalState }
  | { kind: 'dead'; reason: DeadReason; detail: string }
  /** An attempt was spent; the next one follows after the backoff. */
  | { kind: 'retry'; delayMs: number }
  /** No attempt was spent; the message waits for its slot, its window or proof of an earlier attempt. */
  | { kind: 'wait'; reason: ThrottledReason; cause: WaitCause; delayMs: number }
  /**
   * The job came up before the message's moment: a foreign producer added it without a delay, or the message was rescheduled. Not to be
   * sent before this instant, milliseconds since the epoch.
   */
  | { kind: 'schedule'; at: number }
  /** No attempt was spent; the whole channel rests, and the message goes back to the front of the queue. */
  | { kind: 'rest'; reason: ThrottledReason; cause: WaitCause; delayMs: number }
  /** No attempt was spent; the messages of this campaign wait together, and the channel continues. */
  | { kind: 'paused'; reason: 'campaign_paused'; delayMs: number }
  /** The worker is closing and nothing was sent: back to the front of the queue, for another worker. */
  | { kind: 'hand_back' }
  /** The message was moved to the shard of its recipient, and goes on there in a job of its own. */
  | { kind: 'moved' };
