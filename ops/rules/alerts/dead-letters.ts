import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { rules } from '../../promql.ts';
import type { Alerts } from '../rule.ts';

/** Messages that wait for a person. */
export const deadLetterAlerts: Alerts = (timing) => [
  {
    alert: 'HeraldDeadLetters',
    severity: 'ticket',
    // A recipient who does not exist is the application's to look after; it is on the dashboard.
    expr: `${rules.increase(COUNTERS.messages, timing.window(3_600), { where: { state: 'dead', reason: { not: ['bad_recipient'] } }, by: ['reason'] })} > 0`,
    summary: 'messages of {{ $labels.channel }} die: {{ $labels.reason }}',
    description:
      '{{ $value | humanize }} within an hour. They are kept, and can be replayed once the cause is mended.',
  },
  {
    alert: 'HeraldRecipientsUnknown',
    severity: 'ticket',
    for: 600,
    // Here and there one is no news; where most are, the fault is hardly theirs, and no other alert counts them.
    expr: [
      `${rules.increase(COUNTERS.messages, timing.window(3_600), { where: { reason: 'bad_recipient' } })}`,
      `/ (${rules.increase(COUNTERS.messages, timing.window(3_600))} > ${timing.volume(20)})`,
      '> 0.5',
    ].join('\n'),
    summary:
      '{{ $value | humanizePercentage }} of the messages of {{ $labels.channel }} die for recipients whom the platform does not know',
    description:
      'Within an hour. An application sends to the wrong people, or the channel speaks to the wrong platform or account. The letters are kept.',
  },
  {
    alert: 'HeraldDeadLettersOld',
    severity: 'ticket',
    for: 3_600,
    expr: `${rules.max(GAUGES.oldestDeadLetter)} > ${timing.seconds(7 * 86_400)}`,
    summary: 'dead letters of {{ $labels.channel }} have waited for {{ $value | humanizeDuration }}',
    description: 'Nobody has replayed or purged them. They stay in Redis until somebody does.',
  },
];
