/**
 * Every metric of Herald, as data: the names and labels are relied on by dashboards and alerts. Label values are
 * closed sets; a player, a message id or a campaign never becomes one. Times in seconds.
 */

export interface MetricSpec<L extends string = string> {
  readonly name: `herald_${string}`;
  readonly help: string;
  readonly labels: readonly L[];
}

const SHORT = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** For one request to a platform: from an answer on the loopback to a timeout (10 s by default, 12 s at most). */
export const SEND_BUCKETS = [...SHORT, 12.5, 15];
/** For waiting, which spans retries, rests and daily slots: usual defaults, which end at ten seconds, would hide it. */
export const WAIT_BUCKETS = [...SHORT, 30, 60, 120, 300, 1800, 3600, 21_600, 86_400];

/** For one call over a network: from an answer on the loopback to a connection that is given up. */
const REDIS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 12.5];

const SHARED = 'Same value from every worker: aggregate with max by (channel).';

export const COUNTERS = {
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
  webhookDeliveries: {
    name: 'herald_webhook_deliveries_total',
    help: "Requests to a webhook's endpoint, by outcome: accepted (2xx), refused (400, 413 or 422), gone (410) or failed (any other answer, or none).",
    labels: ['endpoint', 'outcome'],
  },
  webhookReceiptsLost: {
    name: 'herald_webhook_losses_total',
    help: 'How often receipts did not reach an endpoint: given_up (the endpoint refused one again and again) or cut_off (their stream kept some no longer, or lost them; counted once for all that are missing in a row).',
    labels: ['endpoint', 'reason'],
  },
  webhookReceiptsMissing: {
    name: 'herald_webhook_missing_receipts_total',
    help: 'Receipts that were cut off before they were posted to an endpoint, of all states, or that Redis lost: at least so many, since not all of them can be counted.',
    labels: ['endpoint'],
  },
  httpRequests: {
    name: 'herald_http_requests_total',
    help: 'Requests to the HTTP API of this process, by route and status; other is a path or method that there is none of. A stream is one, of status 200 whatever becomes of its lines.',
    labels: ['route', 'status'],
  },
  redisErrors: {
    name: 'herald_redis_errors_total',
    help: 'Errors of Redis that this process met, by kind: oom (full), readonly (a replica), timeout, refused (the connection or the login) or other.',
    labels: ['kind'],
  },
  redisReconnects: {
    name: 'herald_redis_reconnects_total',
    help: 'Lost connections of this process to Redis that were made again.',
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>;

export const HISTOGRAMS = {
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
  eventLoopLag: {
    name: 'herald_event_loop_lag_seconds',
    help: 'How late this process is for timers that fall due ten times a second; no scrape resets it.',
    labels: [],
    buckets: [...SHORT, 30],
  },
  httpDuration: {
    name: 'herald_http_request_duration_seconds',
    help: 'Time from a request to the HTTP API until its answer begins; of a stream, until its first line may be answered.',
    labels: ['route'],
    buckets: REDIS_BUCKETS,
  },
  redisCall: {
    name: 'herald_redis_call_duration_seconds',
    help: 'Duration of a call to Redis, of any number of messages: admit, settle, or the sample of a channel for the gauges.',
    labels: ['call'],
    buckets: REDIS_BUCKETS,
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
    help: `Messages that a worker could send now, which is one while the breaker is half open; scale workers on this. ${SHARED}`,
    labels: ['channel'],
  },
  oldestAge: {
    name: 'herald_oldest_message_age_seconds',
    help: `Age of the oldest message by state, from the later of enqueue and sendAt; 0 if there is none. ${SHARED}`,
    labels: ['channel', 'state'],
  },
  waiting: {
    name: 'herald_waiting_messages',
    help: `Messages that wait, by what they wait for: by themselves, with a paused campaign, or with their channel (stopped, breaker, platform_rate; own_rate with those that workers have in hand). ${SHARED}`,
    labels: ['channel', 'cause'],
  },
  deadLetters: {
    name: 'herald_dead_letters',
    help: `Dead letters kept for replay, by reason. ${SHARED}`,
    labels: ['channel', 'reason'],
  },
  oldestDeadLetter: {
    name: 'herald_oldest_dead_letter_age_seconds',
    help: `Age of the oldest dead letter; 0 if there is none. ${SHARED}`,
    labels: ['channel'],
  },
  campaigns: {
    name: 'herald_campaigns',
    help: `Campaigns by state: listing, running, paused, cancelled or done; until a week after their messages have expired. ${SHARED}`,
    labels: ['channel', 'state'],
  },
  campaignMessages: {
    name: 'herald_campaign_messages',
    help: `Messages of campaigns that have not ended: waiting (never tried) or under_way. ${SHARED}`,
    labels: ['channel', 'state'],
  },
  quotaSlots: {
    name: 'herald_quota_slots',
    help: `Recipients of the quota's windows that are open: those whose slot is held by a message, and those whose slot is spent; absent without a quota. ${SHARED}`,
    labels: ['channel', 'state'],
  },
  quotaWindowEnd: {
    name: 'herald_quota_window_end_timestamp_seconds',
    help: `When the present window of a calendar quota ends; absent without one. ${SHARED}`,
    labels: ['channel'],
  },
  sendsInDoubt: {
    name: 'herald_sends_in_doubt',
    help: `Sends that may have arrived or not, of messages whose end is still open. ${SHARED}`,
    labels: ['channel'],
  },
  resting: {
    name: 'herald_channel_resting',
    help: `1 while the channel rests for this reason; it resumes by itself. ${SHARED}`,
    labels: ['channel', 'reason'],
  },
  breaker: {
    name: 'herald_breaker_state',
    help: `1 for the state of the breaker: closed, open (the channel rests) or half_open (one message goes ahead). ${SHARED}`,
    labels: ['channel', 'state'],
  },
  stopped: {
    name: 'herald_channel_stopped',
    help: `1 while the channel is stopped for this reason; its messages wait until an operator acts. ${SHARED}`,
    labels: ['channel', 'reason'],
  },
  stoppedSince: {
    name: 'herald_channel_stopped_since_timestamp_seconds',
    help: `When the channel was stopped; absent while it is not, and where nobody knows (a queue paused in BullMQ). ${SHARED}`,
    labels: ['channel'],
  },
  concurrency: {
    name: 'herald_channel_concurrency',
    help: 'Messages of the channel that this process sends at a time, at most.',
    labels: ['channel'],
  },
  rate: {
    name: 'herald_channel_rate_per_second',
    help: 'Requests a second that all workers of the channel may send together; absent without a limit. Aggregate with max by (channel).',
    labels: ['channel'],
  },
  channelWorkers: {
    name: 'herald_channel_workers',
    help: `Worker processes that serve the channel, by their heartbeats: one that died counts for up to 35 s. ${SHARED}`,
    labels: ['channel'],
  },
  sampleTimestamp: {
    name: 'herald_sample_timestamp_seconds',
    help: `When the gauges of the channel were read, seconds since the epoch by the clock of Redis; 15 s later they are removed. ${SHARED}`,
    labels: ['channel'],
  },
  inFlight: {
    name: 'herald_in_flight',
    help: 'Requests in flight from this process.',
    labels: ['channel'],
  },
  webhookLag: {
    name: 'herald_webhook_lag_seconds',
    help: 'Age of the oldest receipt that an endpoint has not accepted yet; 0 if there is none. Only from the process that posts to the endpoint.',
    labels: ['endpoint'],
  },
  webhookGone: {
    name: 'herald_webhook_gone',
    help: '1 while an endpoint that answered 410 gets no receipts. Only from the process that posts to it.',
    labels: ['endpoint'],
  },
  redisUp: {
    name: 'herald_redis_up',
    help: '1 while Redis answers this process and takes its writes; a write is tried every five seconds.',
    labels: [],
  },
  clockOffset: {
    name: 'herald_clock_offset_seconds',
    help: 'Clock of this process minus the clock of Redis. Beyond two seconds either way the worker takes no messages. Absent until it is measured, and 15 s after the last measurement.',
    labels: [],
  },
  draining: {
    name: 'herald_draining',
    help: '1 from the beginning of a drain: the worker picks up no more messages and finishes those in flight.',
    labels: [],
  },
  buildInfo: {
    name: 'herald_build_info',
    help: 'Always 1; labelled with the running version of Herald.',
    labels: ['version'],
  },
} as const satisfies Record<string, MetricSpec>;
