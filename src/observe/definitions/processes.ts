import { type HistogramSpec, type MetricSpec, SHORT_BUCKETS } from '../metric-spec.ts';

/** A process itself: the webhooks that it posts to, its HTTP API, and how it gets on with Redis. */

/** For one call over a network: from an answer on the loopback to a connection that is given up. */
const CALL_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 12.5];

export const PROCESS_COUNTERS = {
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

export const PROCESS_HISTOGRAMS = {
  eventLoopLag: {
    name: 'herald_event_loop_lag_seconds',
    help: 'How late this process is for timers that fall due ten times a second; no scrape resets it.',
    labels: [],
    buckets: [...SHORT_BUCKETS, 30],
  },
  httpDuration: {
    name: 'herald_http_request_duration_seconds',
    help: 'Time from a request to the HTTP API until its answer begins; of a stream, until its first line may be answered.',
    labels: ['route'],
    buckets: CALL_BUCKETS,
  },
  redisCall: {
    name: 'herald_redis_call_duration_seconds',
    help: 'Duration of a call to Redis, of any number of messages: admit, settle, or the sample of a channel for the gauges.',
    labels: ['call'],
    buckets: CALL_BUCKETS,
  },
} as const satisfies Record<string, HistogramSpec>;

export const PROCESS_GAUGES = {
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
