import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { rules } from '../../promql.ts';
import type { Alerts } from '../rule.ts';

/** What the platform does to us. */
export const platformAlerts: Alerts = (timing) => [
  {
    alert: 'HeraldBreakerOpen',
    severity: 'page',
    for: 60,
    // A share of the time: a platform that answers now and then closes the breaker for moments.
    expr: [
      `avg_over_time((${rules.max(GAUGES.breaker, { where: { state: ['open', 'half_open'] } })})[${timing.window(300)}:${timing.hold(15)}]) > 0.5`,
      // An idle channel stays half open until there is a message to try with.
      `and on (job, channel) sum by (job, channel) (${rules.max(GAUGES.queue, { where: { state: ['ready', 'active', 'retrying'] }, by: ['state'] })}) > 0`,
    ].join('\n'),
    summary: 'the platform of {{ $labels.channel }} does not answer',
    description:
      'The circuit breaker is open: requests fail one after the other, and only a probe goes out now and then. Messages wait and are not lost, unless they expire.',
  },
  {
    alert: 'HeraldPlatformThrottles',
    severity: 'ticket',
    for: 600,
    expr: [
      `${rules.rate(COUNTERS.attempts, timing.window(300), { where: { outcome: 'throttled', reason: 'rate_limited' } })}`,
      `/ (${rules.rate(COUNTERS.attempts, timing.window(300))} > 0)`,
      '> 0.1',
    ].join('\n'),
    summary:
      'the platform answers {{ $value | humanizePercentage }} of the requests of {{ $labels.channel }} with 429',
    description:
      'The configured rate is higher than what the platform allows. No message is lost, and each refused request rests the whole channel.',
  },
  {
    alert: 'HeraldUnknownOutcomes',
    severity: 'ticket',
    for: 300,
    // A single one is the network's; what stays in doubt, or dies of it, has alerts of its own.
    expr: [
      `${rules.increase(COUNTERS.attempts, timing.window(900), { where: { outcome: 'unknown' }, by: ['reason'] })} > ${timing.volume(5)}`,
      'and on (job, channel)',
      `${rules.increase(COUNTERS.attempts, timing.window(900), { where: { outcome: 'unknown' } })} / (${rules.increase(COUNTERS.attempts, timing.window(900))} > 0) > 0.01`,
    ].join('\n'),
    summary: 'requests of {{ $labels.channel }} end without a clear answer ({{ $labels.reason }})',
    description:
      '{{ $value | humanize }} within a quarter of an hour, and more than one of a hundred. The platform may have delivered these messages or not. Where it can be asked, Herald asks; otherwise the message keeps its slot and dies as unconfirmed.',
  },
  {
    alert: 'HeraldSendsInDoubt',
    severity: 'ticket',
    for: 3_600,
    expr: `${rules.max(GAUGES.sendsInDoubt)} > 0`,
    summary: '{{ $value }} sends of {{ $labels.channel }} have been in doubt for an hour',
    description:
      'Nobody knows whether they arrived. Their recipients keep their slots taken until the platform has been asked, or the message dies as unconfirmed.',
  },
  {
    alert: 'HeraldUnforeseenRefusals',
    severity: 'ticket',
    expr: `${rules.increase(COUNTERS.unforeseen, timing.window(3_600))} > 0`,
    summary: 'something else sends to the players of {{ $labels.channel }}',
    description:
      'The platform refused for its quota a message that the ledger had allowed: another program sends with this account, or the platform counts its day otherwise than the configured quota.',
  },
];
