import { COUNTERS, GAUGES, HISTOGRAMS } from '../src/observe/metric-definitions.ts';
import { apiFailures, endedUnseen, windowsToDrain } from './balance.ts';
import { rules } from './promql.ts';

export interface Question {
  readonly asks: string;
  readonly answers: readonly string[];
  /** Titles of the panels that show it. */
  readonly panels: readonly string[];
}

/** The questions in an incident, and the expressions that answer them. The live test checks that each has data. */
export const QUESTIONS: readonly Question[] = [
  {
    asks: 'Is Redis away, full, read-only or slow?',
    answers: [
      rules.series(GAUGES.redisUp),
      rules.rate(COUNTERS.redisErrors, '5m', { by: ['kind'] }),
      rules.quantile(0.99, HISTOGRAMS.redisCall, '5m', { by: ['call'] }),
    ],
    panels: ['Usable, by worker', 'Errors, by kind', 'Duration of a call'],
  },
  {
    asks: 'Are these figures of now?',
    answers: [`time() - ${rules.max(GAUGES.sampleTimestamp)}`],
    panels: ['Age of the samples'],
  },
  {
    asks: 'What waits in a channel that no worker serves, and does anybody serve it?',
    answers: [
      `${rules.max(GAUGES.queue, { by: ['state'] })} and on (job, channel) ${rules.max(GAUGES.channelWorkers)} == 0`,
      rules.max(GAUGES.channelWorkers),
    ],
    panels: ['Channels without a worker', 'Workers of a channel', 'Messages by state'],
  },
  {
    asks: 'For how long could the oldest message have been sent?',
    answers: [rules.max(GAUGES.oldestAge, { where: { state: 'ready' } })],
    panels: ['Oldest ready', 'Oldest message by state'],
  },
  {
    asks: 'How many messages could applications not enqueue?',
    answers: [
      rules.increase(COUNTERS.accepted, '1h', {
        where: { status: ['timeout', 'refused'] },
        by: ['status'],
      }),
    ],
    panels: ['Taken by producers, by status'],
  },
  {
    asks: 'What share of its requests does the HTTP API fail?',
    answers: [apiFailures(rules, '5m')],
    panels: ['Requests that the API fails', 'Requests to the API'],
  },
  {
    asks: 'What holds the messages: the quota, our rate, a 429, the end of a window, missing proof?',
    answers: [`${rules.max(GAUGES.waiting, { by: ['cause'] })} > 0`],
    panels: ['Held back by the quota, by us, by the platform', 'Waiting, by cause'],
  },
  {
    asks: 'How much of the quota is used, when does its window end, and how many windows are needed, at least, for what is deferred?',
    answers: [
      rules.max(GAUGES.quotaSlots, { by: ['state'] }),
      `${rules.max(GAUGES.quotaWindowEnd)} - time()`,
      windowsToDrain(rules),
    ],
    panels: [
      'Recipients of the present window',
      'Until the window ends',
      'Windows until what is deferred has gone',
    ],
  },
  {
    asks: 'Is the breaker open or half open, and how often did it open today?',
    answers: [
      `${rules.max(GAUGES.breaker, { by: ['state'] })} == 1`,
      rules.increase(COUNTERS.breakerOpens, '1d'),
    ],
    panels: ['Breaker', 'Openings of the breaker'],
  },
  {
    asks: 'Since when is the channel stopped, and why?',
    answers: [
      `time() - ${rules.max(GAUGES.stoppedSince)}`,
      `${rules.max(GAUGES.stopped, { by: ['reason'] })} == 1`,
    ],
    panels: ['Stopped for', 'Stopped'],
  },
  {
    asks: 'How near are we to the concurrency and the rate?',
    answers: [
      `${rules.sum(GAUGES.inFlight)} / ${rules.sum(GAUGES.concurrency)}`,
      `${rules.rate(COUNTERS.attempts, '5m')} / ${rules.max(GAUGES.rate)}`,
    ],
    panels: ['Use of the concurrency', 'Use of the rate'],
  },
  {
    asks: 'How many requests did messages take?',
    answers: [rules.quantile(0.95, HISTOGRAMS.messageAttempts, '5m')],
    panels: ['Requests that a message took, distribution'],
  },
  {
    asks: 'How did dead letters leave?',
    answers: [rules.sharedIncrease(COUNTERS.deadLettersRemoved, '1h', { by: ['how'] })],
    panels: ['Outflow'],
  },
  {
    asks: 'Was a worker frozen?',
    answers: [rules.quantile(0.99, HISTOGRAMS.eventLoopLag, '5m', { by: ['instance'] })],
    panels: ['Event loop lag'],
  },
  {
    asks: 'How many sends are in doubt, and for how long have there been any?',
    answers: [
      rules.max(GAUGES.sendsInDoubt),
      `sum_over_time((${rules.max(GAUGES.sendsInDoubt)} > bool 0)[1h:15s]) * 15`,
    ],
    panels: ['Sends in doubt'],
  },
  { asks: 'Is a worker draining?', answers: [rules.series(GAUGES.draining)], panels: ['Draining'] },
  {
    asks: 'How many messages ended between the last scrape of a worker and its kill?',
    answers: [endedUnseen(rules, 'job, channel', '1h')],
    panels: ['Ended without being counted'],
  },
];
