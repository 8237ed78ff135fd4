import { type MetricSpec, SHARED } from '../metric-spec.ts';

/** How a channel is: what its sample tells, and what a process does with it. */

export const CHANNEL_GAUGES = {
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
    help: 'Requests of the channel that this process has under way at a time, at most.',
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
} as const satisfies Record<string, MetricSpec>;
