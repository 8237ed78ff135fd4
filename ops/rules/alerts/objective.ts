import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { rules } from '../../promql.ts';
import { ERROR_BUDGET, errorRatioIn, validIn, type WindowName } from '../objective.ts';
import type { Alert, Alerts } from '../rule.ts';
import { rateSaturated } from './channel.ts';

/**
 * Burn rates are blind to what never ends, as while a platform hangs: they are never the only alert that pages.
 */

interface Burn {
  name: 'Fast' | 'Steady' | 'Slow';
  severity: Alert['severity'];
  /** How many times faster than the objective allows. */
  rate: number;
  long: WindowName;
  short: WindowName;
  /** The fewest messages within the long window: one lost of three is no incident. */
  volume: number;
  for: number;
}

const BURNS: readonly Burn[] = [
  { name: 'Fast', severity: 'page', rate: 14.4, long: '1h', short: '5m', volume: 50, for: 120 },
  { name: 'Steady', severity: 'page', rate: 6, long: '6h', short: '30m', volume: 100, for: 900 },
  { name: 'Slow', severity: 'ticket', rate: 1, long: '3d', short: '6h', volume: 500, for: 3_600 },
];

export const objectiveAlerts: Alerts = (timing) => [
  ...BURNS.map(({ name, severity, rate, long, short, volume, for: after }): Alert => {
    const limit = Number((rate * ERROR_BUDGET).toFixed(4));
    return {
      alert: `HeraldErrorBudgetBurn${name}`,
      severity,
      for: after,
      expr: [
        `${errorRatioIn(long)} > ${limit}`,
        `and ${errorRatioIn(short)} > ${limit}`,
        `and ${validIn(long)} >= ${timing.volume(volume)}`,
      ].join('\n'),
      summary: `{{ $labels.channel }} loses {{ $value | humanizePercentage }} of its messages`,
      description: `In the last ${long} that share of the messages of {{ $labels.channel }} ended undelivered (exhausted, unconfirmed, stalled or expired): at least ${rate} times the share that the objective allows.`,
      runbook: 'HeraldErrorBudgetBurn',
    };
  }),
  {
    alert: 'HeraldReadyTooOld',
    severity: 'page',
    for: 300,
    expr: [
      `${rules.max(GAUGES.oldestAge, { where: { state: 'ready' } })} > ${timing.seconds(900)}`,
      `unless on (job, channel) ${rules.max(GAUGES.stopped)} == 1`,
      // A campaign takes hours by design. HeraldRateSaturated tells of it, and pages nobody.
      `unless on (job, channel) ${rateSaturated(timing)}`,
    ].join('\n'),
    summary: 'a message of {{ $labels.channel }} has been ready for {{ $value | humanizeDuration }}',
    description:
      'It could have been sent since then, and the channel sends less than its rate allows: there is a lack of workers, or of answers from the platform.',
  },
  {
    alert: 'HeraldDeliveriesLate',
    severity: 'ticket',
    for: 600,
    expr: [
      `1 - ${rules.shareWithin(300, HISTOGRAMS.readyLatency, timing.window(3_600))} > 0.05`,
      `and ${rules.observations(HISTOGRAMS.readyLatency, timing.window(3_600))} >= ${timing.volume(50)}`,
    ].join('\n'),
    summary:
      '{{ $value | humanizePercentage }} of the deliveries of {{ $labels.channel }} took more than five minutes',
    description: 'Counted from the moment at which each could be sent: waiting for a slot is left out.',
  },
  {
    alert: 'HeraldMessagesExpire',
    severity: 'ticket',
    expr: [
      `${rules.increase(COUNTERS.messages, timing.window(3_600), { where: { reason: 'expired' } })}`,
      `/ (${rules.increase(COUNTERS.messages, timing.window(3_600))} > ${timing.volume(20)})`,
      '> 0.01',
    ].join('\n'),
    summary: '{{ $value | humanizePercentage }} of the messages of {{ $labels.channel }} expired unsent',
    description:
      'They waited until their expiresAt. Expired messages are no dead letters: nothing can be replayed.',
  },
];
