import { COUNTERS, GAUGES, HISTOGRAMS } from '../src/observe/metric-definitions.ts';
import { rules } from './promql.ts';

/** What somebody asks in an incident, and the expressions that answer. The live test holds that each has data. */
export const QUESTIONS: readonly (readonly [question: string, ...expressions: string[]])[] = [
  [
    'Is Redis away, full, read-only or slow?',
    rules.series(GAUGES.redisUp),
    rules.rate(COUNTERS.redisErrors, '5m', { by: ['kind'] }),
    rules.quantile(0.99, HISTOGRAMS.redisCall, '5m', { by: ['call'] }),
  ],
  ['Are these figures of now?', `time() - ${rules.max(GAUGES.sampleTimestamp)}`],
  [
    'What waits in a channel that no worker serves?',
    `${rules.max(GAUGES.queue, { by: ['state'] })} and on (job, channel) ${rules.max(GAUGES.channelWorkers)} == 0`,
  ],
  [
    'For how long could the oldest message have been sent?',
    rules.max(GAUGES.oldestAge, { where: { state: 'ready' } }),
  ],
  [
    'How many messages could applications not enqueue?',
    rules.increase(COUNTERS.accepted, '1h', { where: { status: ['timeout', 'refused'] }, by: ['status'] }),
  ],
  [
    'What holds the messages: the quota, our rate, a 429, the end of a window, missing proof?',
    `${rules.max(GAUGES.waiting, { by: ['cause'] })} > 0`,
  ],
  [
    'How much of the quota is used, and when does its window end?',
    rules.max(GAUGES.quotaSlots, { by: ['state'] }),
    `${rules.max(GAUGES.quotaWindowEnd)} - time()`,
  ],
  [
    'Is the breaker open or half open, and how often did it open today?',
    `${rules.max(GAUGES.breaker, { by: ['state'] })} == 1`,
    rules.increase(COUNTERS.breakerOpens, '1d'),
  ],
  [
    'Since when is the channel stopped, and why?',
    `time() - ${rules.max(GAUGES.stoppedSince)}`,
    `${rules.max(GAUGES.stopped, { by: ['reason'] })} == 1`,
  ],
  [
    'How near are we to the concurrency and the rate?',
    `${rules.sum(GAUGES.inFlight)} / ${rules.sum(GAUGES.concurrency)}`,
    `${rules.rate(COUNTERS.attempts, '5m')} / ${rules.max(GAUGES.rate)}`,
  ],
  ['How many requests did messages take?', rules.quantile(0.95, HISTOGRAMS.messageAttempts, '5m')],
  ['How did dead letters leave?', rules.sharedIncrease(COUNTERS.deadLettersRemoved, '1h', { by: ['how'] })],
  ['Was a worker frozen?', rules.quantile(0.99, HISTOGRAMS.eventLoopLag, '5m', { by: ['instance'] })],
  ['How many sends are in doubt?', rules.max(GAUGES.sendsInDoubt)],
  ['Is a worker draining?', rules.series(GAUGES.draining)],
];
