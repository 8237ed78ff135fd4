import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { windowsToDrain } from '../../balance.ts';
import { panels } from '../../promql.ts';
import { lines, stacked } from '../panel.ts';
import { named, type Row, type View, WINDOW } from '../row.ts';

const EACH: View = { channels: 'several' };

export const quotaRow = (): Row => ({
  title: 'Quota',
  panels: [
    lines({
      title: 'Waiting for a slot',
      description:
        'Messages that wait for their recipient to be free: for the next window, for another message, or for proof.',
      unit: 'short',
      width: 6,
      targets: [[panels.max(GAUGES.queue, { where: { state: 'waiting_slot' } }), named(EACH)]],
    }),
    stacked({
      title: 'Recipients of the present window',
      description: 'spent: had their message, or may have had it; held: a message for them is under way.',
      unit: 'short',
      width: 6,
      targets: [[panels.max(GAUGES.quotaSlots, { by: ['state'] }), named(EACH, 'state')]],
    }),
    lines({
      title: 'Until the window ends',
      description: 'Then what waits for the next window goes on. Of calendar quotas.',
      unit: 's',
      width: 6,
      targets: [[`${panels.max(GAUGES.quotaWindowEnd)} - time()`, named(EACH)]],
    }),
    lines({
      title: 'Windows until what is deferred has gone',
      description:
        'At least: if it were spread evenly over all whose slot is spent. Who has several messages waiting needs a window for each.',
      unit: 'none',
      width: 6,
      targets: [[windowsToDrain(panels), named(EACH)]],
    }),
    lines({
      title: 'How long they waited',
      description: 'Median and 95th percentile of the messages that had to wait for a slot.',
      unit: 's',
      width: 8,
      targets: [0.5, 0.95].map((q) => [
        panels.quantile(q, HISTOGRAMS.slotWait, WINDOW),
        `${named(EACH)} p${q * 100}`,
      ]),
    }),
    lines({
      title: 'Dropped for the quota',
      description: 'Messages with onQuota: drop whose recipient had one already.',
      unit: 'mps',
      width: 8,
      targets: [
        [
          panels.rate(COUNTERS.messages, WINDOW, { where: { state: 'suppressed', reason: 'quota' } }),
          named(EACH),
        ],
      ],
    }),
    lines({
      title: 'Refusals that nobody foresaw',
      description: 'Within an hour. Above 0, something else sends to the same recipients with this account.',
      unit: 'short',
      width: 8,
      targets: [[panels.increase(COUNTERS.unforeseen, '1h'), named(EACH)]],
      thresholds: ['green', [1, 'red']],
      runbooks: ['HeraldUnforeseenRefusals'],
    }),
  ],
});
