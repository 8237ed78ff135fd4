import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { panels, totals } from '../../promql.ts';
import { heat, lines, stacked } from '../panel.ts';
import { named, type Row, type View, WINDOW } from '../row.ts';

const notAnswered = { where: { outcome: ['unknown', 'failed'] } } as const;

/** Rate, errors and duration of the requests to the platforms. */
export const requestRow = (view: View): Row => ({
  title: 'Requests to the platforms',
  panels: [
    stacked({
      title: 'Requests by outcome',
      description: 'Requests that left for the platform. Several may belong to one message.',
      unit: 'reqps',
      width: 8,
      targets: [[panels.rate(COUNTERS.attempts, WINDOW, { by: ['outcome'] }), named(view, 'outcome')]],
    }),
    lines({
      title: 'Requests that did not deliver, by reason',
      description: 'Throttled (429), refused, without a clear answer, or never connected.',
      unit: 'reqps',
      width: 8,
      targets: [
        [
          `${panels.rate(COUNTERS.attempts, WINDOW, { where: { outcome: { not: ['delivered'] } }, by: ['outcome', 'reason'] })} > 0`,
          named(view, 'outcome', 'reason'),
        ],
      ],
      runbooks: ['HeraldPlatformThrottles', 'HeraldUnknownOutcomes', 'HeraldUnforeseenRefusals'],
    }),
    lines({
      title: 'Share without an answer',
      description:
        'Requests that failed to connect or ended without a clear answer, of all requests. The breaker opens on these.',
      unit: 'percentunit',
      width: 8,
      targets: [
        [
          `${panels.rate(COUNTERS.attempts, WINDOW, notAnswered)} / (${panels.rate(COUNTERS.attempts, WINDOW)} > 0)`,
          named({ channels: 'several' }),
        ],
      ],
      thresholds: ['green', [0.1, 'red']],
      runbooks: ['HeraldBreakerOpen', 'HeraldUnknownOutcomes'],
    }),
    lines({
      title: 'Sends in doubt',
      description:
        'They may have arrived or not. Each is asked about, repeated or given up within the patience of its channel.',
      unit: 'short',
      width: 8,
      targets: [[panels.max(GAUGES.sendsInDoubt), named({ channels: 'several' })]],
      runbooks: ['HeraldSendsInDoubt', 'HeraldUnknownOutcomes'],
    }),
    lines({
      title: 'Duration of a request',
      description: 'Median, 95th and 99th percentile, whatever the outcome.',
      unit: 's',
      width: 8,
      targets: [0.5, 0.95, 0.99].map((q) => [
        panels.quantile(q, HISTOGRAMS.sendDuration, WINDOW),
        `${named({ channels: 'several' })} p${q * 100}`,
      ]),
    }),
    heat({
      title: 'Duration of a request, distribution',
      description: 'A band at the configured timeout means that the platform does not answer in time.',
      unit: 's',
      width: 8,
      expr: totals.buckets(HISTOGRAMS.sendDuration, WINDOW),
    }),
    lines({
      title: 'Use of the concurrency',
      description:
        'Requests in flight, of those that the workers together may have in flight. At 100 % more workers help, if the platform bears it.',
      unit: 'percentunit',
      width: 8,
      targets: [
        [
          `${panels.sum(GAUGES.inFlight)} / (${panels.sum(GAUGES.concurrency)} > 0)`,
          named({ channels: 'several' }),
        ],
      ],
      thresholds: ['green', [0.9, 'orange']],
      runbooks: ['HeraldConcurrencySaturated'],
    }),
    heat({
      title: 'Requests that a message took, distribution',
      description: 'Until its final state; 0 for one that ended without a request.',
      unit: 'short',
      width: 8,
      expr: totals.buckets(HISTOGRAMS.messageAttempts, WINDOW),
    }),
    lines({
      title: 'Use of the rate',
      description:
        'Requests a second, of those that the configured rate allows all workers together. Moments are spaced for 98 % of it, and for less where workers are late: there, more workers change nothing.',
      unit: 'percentunit',
      width: 12,
      targets: [
        [
          `${panels.rate(COUNTERS.attempts, WINDOW)} / (${panels.max(GAUGES.rate)} > 0)`,
          named({ channels: 'several' }),
        ],
      ],
      thresholds: ['green', [0.85, 'orange']],
      runbooks: ['HeraldRateSaturated'],
    }),
    lines({
      title: 'Grants that came too late',
      description:
        'A second. Redis took so long to answer that the request could not be made in time; the message is admitted again.',
      unit: 'ops',
      width: 12,
      targets: [[panels.rate(COUNTERS.lateGrants, WINDOW), named({ channels: 'several' })]],
    }),
  ],
});
