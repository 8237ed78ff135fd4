import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { panels, totals } from '../../promql.ts';
import { heat, lines, stacked } from '../panel.ts';
import { named, type Row, type View, WINDOW } from '../row.ts';

const ready = { where: { state: 'ready' } } as const;
const EACH: View = { channels: 'several' };

export const queueRow = (view: View): Row => ({
  title: 'Queue',
  panels: [
    stacked({
      title: 'Messages by state',
      description:
        'ready: could be sent; active: in hand; scheduled: not due yet; waiting_slot: for a slot or for proof; retrying: for the next attempt; dead: letters.',
      unit: 'short',
      width: 8,
      targets: [[`${panels.max(GAUGES.queue, { by: ['state'] })} > 0`, named(view, 'state')]],
    }),
    lines({
      title: 'Oldest message by state',
      description: 'Since the later of its enqueue and its sendAt.',
      unit: 's',
      width: 8,
      targets: [[`${panels.max(GAUGES.oldestAge, { by: ['state'] })} > 0`, named(view, 'state')]],
      runbooks: ['HeraldReadyTooOld'],
    }),
    lines({
      title: 'Time until all that is ready is sent',
      description: 'At the present rate; without end while nothing is delivered.',
      unit: 's',
      width: 8,
      targets: [
        [`${panels.max(GAUGES.queue, ready)} / (${panels.rate(COUNTERS.messages, WINDOW)} > 0)`, named(EACH)],
      ],
    }),
    heat({
      title: 'Wait while it could have been sent',
      description: 'For want of workers, of rate, or of a healthy platform.',
      unit: 's',
      width: 6,
      expr: totals.buckets(HISTOGRAMS.queueWait, WINDOW),
    }),
    lines({
      title: 'From due to delivered',
      description:
        'Median and 95th percentile, from the later of enqueue and sendAt. On a channel that defers to the next window this counts the wait for it.',
      unit: 's',
      width: 6,
      targets: [0.5, 0.95].map((q) => [
        panels.quantile(q, HISTOGRAMS.deliveryLatency, WINDOW),
        `${named(EACH)} p${q * 100}`,
      ]),
    }),
    lines({
      title: 'From due to delivered, without waits for the recipient',
      description: 'What we and the platform take: without the wait for a slot and for the next window.',
      unit: 's',
      width: 6,
      targets: [0.5, 0.95].map((q) => [
        panels.quantile(q, HISTOGRAMS.readyLatency, WINDOW),
        `${named(EACH)} p${q * 100}`,
      ]),
      thresholds: ['green', [300, 'orange']],
      runbooks: ['HeraldDeliveriesLate'],
    }),
    lines({
      title: 'Growth of what is ready',
      description: 'Messages a second that come and are not sent. Below 0 the queue shrinks.',
      unit: 'mps',
      width: 6,
      targets: [[`deriv((${panels.max(GAUGES.queue, ready)})[5m:])`, named(EACH)]],
      signed: true,
    }),
  ],
});
