import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { panels } from '../../promql.ts';
import { lines } from '../panel.ts';
import { type Row, WINDOW } from '../row.ts';

/** Empty where no endpoint is configured. */
export const webhookRow = (): Row => ({
  title: 'Webhooks',
  panels: [
    lines({
      title: 'Requests to webhooks',
      description: 'Receipts that were posted, by endpoint and outcome. failed and refused are tried again.',
      unit: 'ops',
      width: 8,
      targets: [
        [
          panels.rate(COUNTERS.webhookDeliveries, WINDOW, { by: ['endpoint', 'outcome'] }),
          '{{endpoint}} {{outcome}}',
        ],
      ],
    }),
    lines({
      title: 'Oldest receipt not accepted',
      description: 'By endpoint. It grows while the endpoint fails or is slower than the channels.',
      unit: 's',
      width: 8,
      targets: [[panels.max(GAUGES.webhookLag, { by: ['endpoint'] }), '{{endpoint}}']],
      thresholds: ['green', [900, 'orange']],
      runbooks: ['HeraldWebhookBehind'],
    }),
    lines({
      title: 'Receipts that webhooks missed',
      description:
        'given_up: refused again and again; cut_off: how often some fell off the stream before they were posted, beside how many. gone: the endpoint answered 410.',
      unit: 'short',
      width: 8,
      targets: [
        [
          panels.increase(COUNTERS.webhookReceiptsLost, WINDOW, { by: ['endpoint', 'reason'] }),
          '{{endpoint}} {{reason}}',
        ],
        [
          panels.increase(COUNTERS.webhookReceiptsMissing, WINDOW, { by: ['endpoint'] }),
          '{{endpoint}} missing receipts, at least',
        ],
        [panels.max(GAUGES.webhookGone, { by: ['endpoint'] }), '{{endpoint}} gone'],
      ],
      runbooks: ['HeraldWebhookGone', 'HeraldWebhookLosses'],
    }),
  ],
});
