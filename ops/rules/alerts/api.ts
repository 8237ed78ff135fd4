import { COUNTERS } from '../../../src/observe/metric-definitions.ts';
import { API_FAILED } from '../../balance.ts';
import { rules } from '../../promql.ts';
import type { Alerts } from '../rule.ts';

/** The HTTP API, by which applications hand messages in. */
export const apiAlerts: Alerts = (timing) => {
  const requests = rules.increase(COUNTERS.httpRequests, timing.window(300));
  const failed = rules.increase(COUNTERS.httpRequests, timing.window(300), { where: API_FAILED });
  return [
    {
      alert: 'HeraldApiErrors',
      severity: 'page',
      for: 120,
      // Of a handful of requests, one that fails is no incident.
      expr: `${failed} / (${requests} >= ${timing.volume(20)}) > 0.05`,
      summary: 'the HTTP API fails {{ $value | humanizePercentage }} of its requests',
      description:
        'It answered that share of the requests of the last five minutes with 500 or 503: applications have to send them again. A stream that ended early counts as answered.',
    },
  ];
};
