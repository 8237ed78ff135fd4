import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { rules } from '../../promql.ts';
import { BAD_REASONS } from '../objective.ts';
import type { Alerts } from '../rule.ts';
import type { Timing } from '../timing.ts';

const OF_CHANNEL = 'on (job, channel)';

/**
 * The channel sends as much as its rate allows; absent where there is no rate. Where workers are often late, moments are up to 16 %
 * wider apart, which leaves 86 % of it.
 */
export const rateSaturated = (timing: Timing): string =>
  `${rules.rate(COUNTERS.attempts, timing.window(300))} / (${rules.max(GAUGES.rate)} > 0) > 0.85`;

/** A channel that does not deliver, although its messages could go. */
export const channelAlerts: Alerts = (timing) => [
  {
    alert: 'HeraldEnqueueFailing',
    severity: 'page',
    // As long as the window: a single failure has left it by then.
    for: 120,
    expr: `${rules.increase(COUNTERS.accepted, timing.window(120), { where: { status: ['timeout', 'refused'] }, by: ['status'] })} > 0`,
    summary: 'applications cannot enqueue messages of {{ $labels.channel }}: {{ $labels.status }}',
    description:
      'Redis does not take what they send, and they have to keep it or lose it. Only applications are counted whose registry Prometheus scrapes.',
  },
  {
    alert: 'HeraldChannelUnserved',
    severity: 'page',
    for: 300,
    expr: [
      `sum by (job, channel) (${rules.max(GAUGES.queue, { where: { state: { not: ['dead'] } }, by: ['state'] })}) > 0`,
      `and ${OF_CHANNEL} ${rules.max(GAUGES.channelWorkers)} == 0`,
    ].join('\n'),
    summary: 'no worker serves {{ $labels.channel }}, and {{ $value }} messages wait there',
    description: 'They are kept until a worker serves the channel; those with an expiresAt may expire.',
  },
  {
    alert: 'HeraldChannelStuck',
    severity: 'page',
    for: 300,
    expr: [
      `${rules.max(GAUGES.queue, { where: { state: 'ready' } })} > 0`,
      `and ${OF_CHANNEL} ${rules.increase(COUNTERS.messages, timing.window(600), { where: { reason: { not: BAD_REASONS } } })} == 0`,
      `unless ${OF_CHANNEL} ${rules.max(GAUGES.stopped)} == 1`,
    ].join('\n'),
    summary: '{{ $labels.channel }} delivers nothing while {{ $value }} messages are ready',
    description:
      'No message has come to a good end for ten minutes: the platform hangs or refuses, the channel rests, or no worker takes messages.',
  },
  {
    alert: 'HeraldCredentialsRefused',
    severity: 'page',
    expr: `${rules.max(GAUGES.stopped, { where: { reason: ['credentials', 'sender'] }, by: ['reason'] })} == 1`,
    summary: '{{ $labels.channel }} is stopped: the platform refuses its {{ $labels.reason }}',
    description:
      'Its messages wait and none is lost, until the credentials are mended and the channel is resumed. Those with an expiresAt may expire meanwhile.',
  },
  {
    alert: 'HeraldChannelStopped',
    severity: 'page',
    expr: `${rules.max(GAUGES.stopped, { where: { reason: ['policy_changed', 'account_taken'] }, by: ['reason'] })} == 1`,
    summary: '{{ $labels.channel }} is stopped: {{ $labels.reason }}',
    description:
      'Workers with different configurations met: another quota policy is in force, or another channel has the account. Its messages wait.',
  },
  {
    alert: 'HeraldChannelPaused',
    severity: 'ticket',
    for: 3_600,
    expr: `${rules.max(GAUGES.stopped, { where: { reason: ['paused', 'queue_paused'] }, by: ['reason'] })} == 1`,
    summary: '{{ $labels.channel }} has been paused for an hour',
    description: 'Somebody paused it by hand. Its messages wait, and may expire.',
  },
  {
    alert: 'HeraldConcurrencySaturated',
    severity: 'ticket',
    for: 900,
    expr: [
      `${rules.sum(GAUGES.inFlight)} / (${rules.sum(GAUGES.concurrency)} > 0) > 0.9`,
      `and ${OF_CHANNEL} ${rules.max(GAUGES.ready)} > 0`,
    ].join('\n'),
    summary:
      'the workers of {{ $labels.channel }} have {{ $value | humanizePercentage }} of their requests in flight',
    description:
      'Messages are ready, and every worker has its hands full: the platform is slow, or there are too few workers.',
  },
  {
    alert: 'HeraldRateSaturated',
    severity: 'ticket',
    for: 3_600,
    expr: [rateSaturated(timing), `and ${OF_CHANNEL} ${rules.max(GAUGES.ready)} > 0`].join('\n'),
    summary: '{{ $labels.channel }} has sent at its configured rate for an hour',
    description: 'Messages are ready, and the rate holds them back. More workers change nothing.',
  },
];
