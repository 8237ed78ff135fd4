import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { panels } from '../../promql.ts';
import { lines, stacked } from '../panel.ts';
import { named, type Row, type View, WINDOW } from '../row.ts';

const EACH: View = { channels: 'several' };

export const deadLetterRow = (view: View): Row => ({
  title: 'Dead letters',
  panels: [
    stacked({
      title: 'Kept, by reason',
      description: 'Until they are replayed or purged.',
      unit: 'short',
      width: 8,
      targets: [[`${panels.max(GAUGES.deadLetters, { by: ['reason'] })} > 0`, named(view, 'reason')]],
      runbooks: ['HeraldDeadLetters', 'HeraldRecipientsUnknown'],
    }),
    stacked({
      title: 'Inflow, by reason',
      description: 'Messages a second that die.',
      unit: 'mps',
      width: 8,
      targets: [
        [
          `${panels.rate(COUNTERS.messages, WINDOW, { where: { state: 'dead' }, by: ['reason'] })} > 0`,
          named(view, 'reason'),
        ],
      ],
      runbooks: ['HeraldDeadLetters', 'HeraldRecipientsUnknown'],
    }),
    lines({
      title: 'Replayed and ended',
      description: 'Replayed letters a second that reached their next final state, delivered or not.',
      unit: 'mps',
      width: 12,
      targets: [[panels.rate(COUNTERS.replays, WINDOW), named(EACH)]],
    }),
    stacked({
      title: 'Outflow',
      description:
        'Letters a second that are kept no longer: replayed, purged, or of messages that were delivered after all.',
      unit: 'mps',
      width: 8,
      targets: [
        [panels.sharedRate(COUNTERS.deadLettersRemoved, WINDOW, { by: ['how'] }), named(view, 'how')],
      ],
    }),
    lines({
      title: 'Age of the oldest',
      description: 'For how long the oldest dead letter has been kept.',
      unit: 's',
      width: 12,
      targets: [[panels.max(GAUGES.oldestDeadLetter), named(EACH)]],
      thresholds: ['green', [7 * 86_400, 'orange']],
      runbooks: ['HeraldDeadLettersOld'],
    }),
  ],
});
