import { type HistogramSpec, type MetricSpec, SHARED, SHORT_BUCKETS } from '../metric-spec.ts';

/** What became of messages, and how long it took. */

/** For one request to a platform: from an answer on the loopback to a timeout (10 s by default, 12 s at most). */
const SEND_BUCKETS = [...SHORT_BUCKETS, 12.5, 15];
/** For waiting, which spans retries, rests and daily slots: usual defaults, which end at ten seconds, would hide it. */
const WAIT_BUCKETS = [...SHORT_BUCKETS, 30, 60, 120, 300, 1800, 3600, 21_600, 86_400];

export const DELIVERY_COUNTERS = {
  accepted: {
    name: 'herald_accepted_total',
    help: 'Messages handed to a producer, by result: queued, duplicate, invalid, timeout (Redis did not answer; it may have been stored nevertheless) or refused (by Redis). The channel is empty for a message that names no known one. Counted by producers whose application exports its registry only; what is enqueued in any other way is in herald_enqueued_total.',
    labels: ['channel', 'status'],
  },
  enqueued: {
    name: 'herald_enqueued_total',
    help: `Messages enqueued by Herald's producers, commands and campaigns, counted in Redis; not jobs that other programs add, nor replays. Same value from every worker: aggregate with max by (channel).`,
    labels: ['channel'],
  },
  admissions: {
    name: 'herald_admissions_total',
    help: 'Admission verdicts: granted, or the reason for the refusal, and what the message waits for, where it does. A waiting message is admitted again and counts again.',
    labels: ['channel', 'verdict', 'cause'],
  },
  attempts: {
    name: 'herald_attempts_total',
    help: 'Requests sent to the platform, by outcome and reason.',
    labels: ['channel', 'platform', 'outcome', 'reason'],
  },
  messages: {
    name: 'herald_messages_total',
    help: 'Messages that reached a final state (delivered, suppressed or dead), once per run, by reason; cancelled ones when their job leaves the queue.',
    labels: ['channel', 'platform', 'state', 'reason'],
  },
  deferrals: {
    name: 'herald_deferrals_total',
    help: 'Messages put back to wait, by reason and by what they wait for. Only retry has spent an attempt.',
    labels: ['channel', 'reason', 'cause'],
  },
  deadLettersRemoved: {
    name: 'herald_dead_letters_removed_total',
    help: `Dead letters that are kept no longer, by how: replayed, purged, or delivered after all. Counted in Redis. ${SHARED}`,
    labels: ['channel', 'how'],
  },
  breakerOpens: {
    name: 'herald_breaker_opens_total',
    help: 'How often the breaker opened for requests of this process that the platform left unanswered, again after a probe included.',
    labels: ['channel'],
  },
  replays: {
    name: 'herald_replays_total',
    help: 'Replayed dead letters that reached their next final state.',
    labels: ['channel'],
  },
  lateGrants: {
    name: 'herald_late_grants_total',
    help: 'Grants that came too late to be used, because Redis or this process was slow, and were given back.',
    labels: ['channel'],
  },
  unforeseen: {
    name: 'herald_unforeseen_refusals_total',
    help: 'Quota refusals that the ledger did not predict: something else sends to the same players with this account.',
    labels: ['channel'],
  },
} as const satisfies Record<string, MetricSpec>;

export const DELIVERY_HISTOGRAMS = {
  sendDuration: {
    name: 'herald_send_duration_seconds',
    help: 'Duration of one request to the platform.',
    labels: ['channel', 'outcome'],
    buckets: SEND_BUCKETS,
  },
  queueWait: {
    name: 'herald_queue_wait_seconds',
    help: 'Time that a message waited before its first request although its recipient could have had it: for a worker, the rate, a rest or a stop. Once a run.',
    labels: ['channel'],
    buckets: WAIT_BUCKETS,
  },
  slotWait: {
    name: 'herald_slot_wait_seconds',
    help: 'Time that a message waited for its recipient before its first request: a spent quota, another message, the end of a window. Once a run; only messages that had to wait.',
    labels: ['channel'],
    buckets: WAIT_BUCKETS,
  },
  deliveryLatency: {
    name: 'herald_delivery_latency_seconds',
    help: 'Time from the later of enqueue and sendAt to delivery; only delivered messages.',
    labels: ['channel'],
    buckets: WAIT_BUCKETS,
  },
  readyLatency: {
    name: 'herald_ready_latency_seconds',
    help: 'Delivery latency without the time that the recipient kept the message waiting (a spent quota, another message, the end of a window): what we and the platform take; only delivered messages.',
    labels: ['channel'],
    buckets: WAIT_BUCKETS,
  },
  messageAttempts: {
    name: 'herald_message_attempts',
    help: 'Requests that a message took until its final state, once per run; 0 for one that ended without a request.',
    labels: ['channel'],
    buckets: [0, 1, 2, 3, 5, 8, 12],
  },
} as const satisfies Record<string, HistogramSpec>;
