/**
 * Every metric of Herald, as data: the names and labels are relied on by dashboards and alerts. Label values are
 * closed sets; a player, a message id or a campaign never becomes one. Times in seconds.
 */

export interface MetricSpec<L extends string = string> {
  readonly name: `herald_${string}`;
  readonly help: string;
  readonly labels: readonly L[];
}

/** One request to a platform: from a loopback answer to the longest timeout that still makes sense. */
export const SEND_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Waiting spans retries, rests and daily slots: the ten seconds of usual defaults would hide all of it. */
export const WAIT_BUCKETS = [...SEND_BUCKETS, 60, 120, 300, 1800, 3600, 21_600, 86_400];

const SHARED = 'Every worker reports the same figure: use max by (channel).';

export const COUNTERS = {
  accepted: {
    name: 'herald_accepted_total',
    help: 'Messages handed to a producer, by what became of them: queued, duplicate or invalid (channel empty where an invalid one names none that is known). Only producers count it.',
    labels: ['channel', 'status'],
  },
  admissions: {
    name: 'herald_admissions_total',
    help: 'Verdicts of the admission check, granted or the reason why not. A waiting message is asked for again and counts again.',
    labels: ['channel', 'verdict'],
  },
  attempts: {
    name: 'herald_attempts_total',
    help: 'Requests that left for the platform, by what they resulted in.',
    labels: ['channel', 'platform', 'outcome', 'reason'],
  },
  messages: {
    name: 'herald_messages_total',
    help: 'Messages that reached a final state, once a run: delivered, suppressed or dead, and why.',
    labels: ['channel', 'platform', 'state', 'reason'],
  },
  deferrals: {
    name: 'herald_deferrals_total',
    help: 'Messages put back to wait, by reason. Only retry has spent an attempt.',
    labels: ['channel', 'reason'],
  },
  replays: {
    name: 'herald_replays_total',
    help: 'Replayed dead letters that reached their next final state.',
    labels: ['channel'],
  },
  unforeseen: {
    name: 'herald_unforeseen_refusals_total',
    help: 'Quota refusals that the ledger did not foresee: somebody else writes to the same players with this account.',
    labels: ['channel'],
  },
} as const satisfies Record<string, MetricSpec>;

export const HISTOGRAMS = {
  sendDuration: {
    name: 'herald_send_duration_seconds',
    help: 'Time of one request to the platform.',
    labels: ['channel', 'outcome'],
    buckets: SEND_BUCKETS,
  },
  queueWait: {
    name: 'herald_queue_wait_seconds',
    help: 'Time a message waited while it could have been sent: the lack of workers, rate or a healthy platform.',
    labels: ['channel'],
    buckets: WAIT_BUCKETS,
  },
  slotWait: {
    name: 'herald_slot_wait_seconds',
    help: 'Time a message waited for its recipient to be free, only of messages that had to.',
    labels: ['channel'],
    buckets: WAIT_BUCKETS,
  },
  deliveryLatency: {
    name: 'herald_delivery_latency_seconds',
    help: 'Time from the later of enqueue and sendAt to delivery, of delivered messages.',
    labels: ['channel'],
    buckets: WAIT_BUCKETS,
  },
} as const satisfies Record<string, MetricSpec & { buckets: number[] }>;

export const GAUGES = {
  queue: {
    name: 'herald_queue_messages',
    help: `Messages in the queue by state: ready, active, scheduled, waiting_slot, retrying or dead. ${SHARED}`,
    labels: ['channel', 'state'],
  },
  ready: {
    name: 'herald_ready_messages',
    help: `Messages that a worker could send now: scale workers on this. ${SHARED}`,
    labels: ['channel'],
  },
  oldestAge: {
    name: 'herald_oldest_message_age_seconds',
    help: `Age of the oldest message by state, counted from the later of enqueue and sendAt; 0 where there is none. ${SHARED}`,
    labels: ['channel', 'state'],
  },
  deadLetters: {
    name: 'herald_dead_letters',
    help: `Dead letters kept for replay, by why they died. ${SHARED}`,
    labels: ['channel', 'reason'],
  },
  oldestDeadLetter: {
    name: 'herald_oldest_dead_letter_age_seconds',
    help: `Age of the oldest dead letter; 0 where there is none. ${SHARED}`,
    labels: ['channel'],
  },
  resting: {
    name: 'herald_channel_resting',
    help: `1 while the channel rests for this reason; it goes on by itself. ${SHARED}`,
    labels: ['channel', 'reason'],
  },
  stopped: {
    name: 'herald_channel_stopped',
    help: `1 while the channel is stopped for this reason; a person has to act, its messages wait. ${SHARED}`,
    labels: ['channel', 'reason'],
  },
  inFlight: {
    name: 'herald_in_flight',
    help: 'Requests of this process that are with the platform now.',
    labels: ['channel'],
  },
  clockOffset: {
    name: 'herald_clock_offset_seconds',
    help: 'Clock of this process minus the clock of Redis. Past two seconds either way the worker takes no messages.',
    labels: [],
  },
  buildInfo: {
    name: 'herald_build_info',
    help: 'Always 1; the version of Herald that runs.',
    labels: ['version'],
  },
} as const satisfies Record<string, MetricSpec>;
