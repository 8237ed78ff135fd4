import { COUNTERS } from '../../../src/observe/metric-definitions.ts';
import { endedUnseen } from '../../balance.ts';
import { panels, producers, totals } from '../../promql.ts';
import { bars, lines, stacked } from '../panel.ts';
import { named, type Row, SHOWN, type View, WINDOW } from '../row.ts';

/** Left out of the next step of the funnel. */
const INELIGIBLE = ['ineligible', 'duplicate', 'cancelled', 'invalid_message'];
const WITHOUT_SLOT = [...INELIGIBLE, 'quota', 'expired'];

const ended = (without: readonly string[]): string =>
  totals.increase(
    COUNTERS.messages,
    SHOWN,
    without.length === 0 ? {} : { where: { reason: { not: without } } },
  );

export const funnelRow = (view: View): Row => ({
  title: 'From enqueue to delivery',
  panels: [
    bars({
      title: 'Funnel',
      description:
        'In the time shown: messages that were enqueued, and those that came to an end, by how far they got. What still waits is in the first bar alone. Replays are enqueued once and may end twice.',
      unit: 'short',
      width: 12,
      targets: [
        [`sum(${panels.sharedIncrease(COUNTERS.enqueued, SHOWN)})`, 'enqueued'],
        [ended([]), 'ended'],
        [ended(INELIGIBLE), 'valid and eligible'],
        [ended(WITHOUT_SLOT), 'won a slot'],
        [totals.increase(COUNTERS.messages, SHOWN, { where: { state: 'delivered' } }), 'delivered'],
      ],
    }),
    lines({
      title: 'Taken by producers, by status',
      description:
        'Of the applications whose registry Prometheus scrapes; others enqueue and are not counted here.',
      unit: 'mps',
      width: 12,
      targets: [[producers.rate(COUNTERS.accepted, WINDOW, { by: ['status'] }), named(view, 'status')]],
    }),
    stacked({
      title: 'Losses by reason',
      description: 'Messages that ended undelivered. Suppressed ones are final; dead ones can be replayed.',
      unit: 'mps',
      width: 8,
      targets: [
        [
          `${panels.rate(COUNTERS.messages, WINDOW, { where: { state: { not: ['delivered'] } }, by: ['state', 'reason'] })} > 0`,
          named(view, 'state', 'reason'),
        ],
      ],
      runbooks: ['HeraldErrorBudgetBurn', 'HeraldMessagesExpire', 'HeraldDeadLetters'],
    }),
    lines({
      title: 'Enqueued and delivered',
      description:
        'Messages a second. Jobs that other programs add to the queue are not counted as enqueued.',
      unit: 'mps',
      width: 8,
      targets: [
        [panels.sharedRate(COUNTERS.enqueued, WINDOW), `${named({ channels: 'several' })} enqueued`],
        [
          panels.rate(COUNTERS.messages, WINDOW, { where: { state: 'delivered' } }),
          `${named({ channels: 'several' })} delivered`,
        ],
      ],
    }),
    lines({
      title: 'Ended without being counted',
      description:
        'Within an hour, about: what was enqueued and replayed, less what ended and what is left. A worker that is killed takes along what it has counted since its last scrape; the receipts have it. Below 0 where other programs add jobs.',
      unit: 'short',
      width: 8,
      targets: [[endedUnseen(panels, 'channel', '1h'), named({ channels: 'several' })]],
      signed: true,
    }),
  ],
});
