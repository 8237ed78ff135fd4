import { GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { rules } from '../../promql.ts';
import type { Alerts } from '../rule.ts';

/** The job under which Prometheus scrapes the workers. */
export const JOB = 'herald';

export const workerAlerts: Alerts = (timing) => [
  {
    alert: 'HeraldNoWorkers',
    severity: 'page',
    for: 120,
    expr: `absent(up{job="${JOB}"} == 1)`,
    summary: 'no worker answers',
    description: 'Nothing is delivered and nothing is measured: all other alerts of Herald are blind.',
  },
  {
    alert: 'HeraldWorkerDown',
    severity: 'ticket',
    for: 120,
    expr: `up{job="${JOB}"} == 0`,
    summary: '{{ $labels.instance }} does not answer',
    description:
      'It is dead, suspended, or cannot be reached. The others deliver what it had in hand once its locks have run out.',
  },
  {
    alert: 'HeraldNoSamples',
    severity: 'page',
    for: 60,
    expr: [
      `count by (job, channel) (${rules.series(GAUGES.inFlight)})`,
      `unless on (job, channel) time() - ${rules.max(GAUGES.sampleTimestamp)} < 30`,
    ].join('\n'),
    summary: 'nobody knows what waits in {{ $labels.channel }}',
    description:
      'Workers serve the channel and cannot read its queue from Redis. Every alert about depths, ages and stops of this channel is blind.',
  },
  {
    alert: 'HeraldWorkerRestarts',
    severity: 'ticket',
    // Of each by itself: a rollout restarts every one of them once.
    expr: `changes(process_start_time_seconds{job="${JOB}"}[${timing.window(1_800)}]) > 3`,
    summary: '{{ $labels.instance }} restarted {{ $value }} times within half an hour',
    description: 'It crashes, is killed for its memory, or a probe fails again and again.',
  },
  {
    alert: 'HeraldEventLoopBlocked',
    severity: 'ticket',
    for: 300,
    expr: `${rules.quantile(0.99, HISTOGRAMS.eventLoopLag, timing.window(300), { by: ['instance'] })} > 0.5`,
    summary: 'the event loop of {{ $labels.instance }} lags by {{ $value | humanizeDuration }}',
    description:
      'The process is short of CPU, or something computes for too long in it. Requests are made late and time out.',
  },
  {
    alert: 'HeraldClockOff',
    severity: 'page',
    for: 60,
    expr: `abs(${rules.series(GAUGES.clockOffset)}) > 1`,
    summary: 'the clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} off',
    description:
      'Beyond two seconds either way this worker takes no messages, because it would promote delayed ones at the wrong time.',
  },
  {
    alert: 'HeraldDrainHangs',
    severity: 'ticket',
    for: 600,
    expr: `${rules.series(GAUGES.draining)} == 1`,
    summary: '{{ $labels.instance }} has been draining for ten minutes',
    description:
      'It takes no more messages and does not end. A drain is bounded by drainTimeout; what runs on is not Herald alone.',
  },
  {
    alert: 'HeraldVersionsDiffer',
    severity: 'ticket',
    for: 3_600,
    expr: `count by (job) (count by (job, version) (${rules.series(GAUGES.buildInfo)})) > 1`,
    summary: '{{ $value }} versions of Herald have run side by side for an hour',
    description: 'A rollout has stopped halfway.',
  },
];
