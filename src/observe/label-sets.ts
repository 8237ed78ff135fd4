import type { Verdict } from '../ledger/types.ts';
import {
  DEAD_REASONS,
  DELIVERED_REASONS,
  type Deferral,
  type FinalState,
  type OutcomeKind,
  REJECTED_REASONS,
  SUPPRESSED_REASONS,
  UNKNOWN_REASONS,
  WAIT_CAUSES,
  type WaitCause,
} from '../outcome.ts';

/**
 * The closed sets of label values. A counter that appears only with its first event has no rate for that event and leaves absent()
 * alerts blind, so every series of a channel starts at 0.
 */

export const ACCEPTED_STATUSES = ['queued', 'duplicate', 'invalid', 'timeout', 'refused'] as const;
export type AcceptedStatus = (typeof ACCEPTED_STATUSES)[number];

export const CAUSES_OF_WAITS: readonly WaitCause[] = [...new Set(Object.values(WAIT_CAUSES).flat())];

export const CAMPAIGN_MESSAGE_STATES = ['waiting', 'under_way'] as const;

/** The causes that a verdict may have; none for one after which nothing waits. A record, so that the compiler reports what is missing. */
const VERDICT_CAUSES: Record<Verdict['kind'], readonly WaitCause[]> = {
  granted: [],
  known: [],
  cancelled: [],
  duplicate: [],
  paused: ['paused_campaign'],
  withdrawn: [],
  early: [],
  expired: [],
  exhausted: [],
  unconfirmed: [],
  ineligible: [],
  quota: ['quota'],
  busy: ['recipient_busy', 'proof'],
  boundary: ['window_end'],
  resting: ['own_rate', 'platform_rate', 'breaker'],
  stopped: ['stopped'],
  policy_changed: [],
};
/** Without a cause, it is written `''`. */
export const ADMISSION_RESULTS: readonly [verdict: string, cause: WaitCause | ''][] = Object.entries(
  VERDICT_CAUSES,
).flatMap(([verdict, causes]) =>
  (causes.length > 0 ? causes : ['' as const]).map((cause): [string, WaitCause | ''] => [verdict, cause]),
);

export const DEFERRALS: readonly Pick<Deferral, 'reason' | 'cause'>[] = Object.entries(WAIT_CAUSES).flatMap(
  ([reason, causes]) => causes.map((cause) => ({ reason: reason as Deferral['reason'], cause })),
);

const pairs = <K extends string>(kind: K, reasons: readonly string[]): [K, string][] =>
  reasons.map((reason) => [kind, reason]);

/** Without `confirmed`, which is learned by asking the platform: no message is sent for it. */
export const ATTEMPT_RESULTS: readonly [OutcomeKind, string][] = [
  ...pairs(
    'delivered',
    DELIVERED_REASONS.filter((reason) => reason !== 'confirmed'),
  ),
  ...pairs('suppressed', ['ineligible']),
  ...pairs('throttled', [
    'rate_limited',
    'channel_stopped',
    'quota_refused',
    'text_repeated',
    'refusal_unclear',
  ]),
  ...pairs('failed', ['not_connected']),
  ...pairs('unknown', UNKNOWN_REASONS),
  ...pairs('rejected', REJECTED_REASONS),
];

export const OUTCOME_KINDS: readonly OutcomeKind[] = [...new Set(ATTEMPT_RESULTS.map(([kind]) => kind))];

export const FINAL_STATES: readonly [FinalState['state'], string][] = [
  ...pairs('delivered', DELIVERED_REASONS),
  ...pairs('suppressed', SUPPRESSED_REASONS),
  ...pairs('dead', DEAD_REASONS),
];
