import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { rules } from '../../promql.ts';
import type { Alerts } from '../rule.ts';

const RUNBOOK = 'HeraldWebhookBehind';

/** The endpoints that receipts are posted to. Nobody waits for a message because of them. */
export const webhookAlerts: Alerts = (timing) => [
  {
    alert: 'HeraldWebhookBehind',
    severity: 'ticket',
    for: 300,
    expr: `${rules.max(GAUGES.webhookLag, { by: ['endpoint'] })} > ${timing.seconds(900)}`,
    summary: 'webhook {{ $labels.endpoint }} is {{ $value | humanizeDuration }} behind',
    description:
      'Its oldest receipt was not accepted for so long. What falls off the receipts stream before it is posted is lost to the endpoint.',
  },
  {
    alert: 'HeraldWebhookGone',
    severity: 'ticket',
    expr: `${rules.max(GAUGES.webhookGone, { by: ['endpoint'] })} == 1`,
    summary: 'webhook {{ $labels.endpoint }} answered 410',
    description: 'It gets no receipts any more, until a worker starts or its URL is changed.',
    runbook: RUNBOOK,
  },
  {
    alert: 'HeraldWebhookLosses',
    severity: 'ticket',
    expr: `${rules.increase(COUNTERS.webhookReceiptsLost, timing.window(3_600), { by: ['endpoint', 'reason'] })} > 0`,
    summary: 'receipts did not reach webhook {{ $labels.endpoint }}: {{ $labels.reason }}',
    description:
      'given_up: it refused one of them again and again. cut_off: the stream kept some no longer before they were posted; herald_webhook_missing_receipts_total counts them.',
    runbook: RUNBOOK,
  },
];
