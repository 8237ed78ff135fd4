import { GAUGES } from '../../../src/observe/metric-definitions.ts';
import { panels } from '../../promql.ts';
import { stacked } from '../panel.ts';
import { named, type Row, type View } from '../row.ts';

export const campaignRow = (view: View): Row => ({
  title: 'Campaigns',
  panels: [
    stacked({
      title: 'Campaigns by state',
      description: 'Until a week after their messages have expired. `herald campaign list` names them.',
      unit: 'short',
      width: 12,
      targets: [[panels.max(GAUGES.campaigns, { by: ['state'] }), named(view, 'state')]],
    }),
    stacked({
      title: 'Messages of campaigns that are not through',
      description: 'waiting: never tried; under_way: in hand, or put back to wait.',
      unit: 'short',
      width: 12,
      targets: [[panels.max(GAUGES.campaignMessages, { by: ['state'] }), named(view, 'state')]],
    }),
  ],
});
