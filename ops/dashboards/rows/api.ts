import { COUNTERS, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { apiFailures } from '../../balance.ts';
import { panels } from '../../promql.ts';
import { lines } from '../panel.ts';
import { type Row, WINDOW } from '../row.ts';

/** Empty where no process serves the HTTP API. */
export const apiRow = (): Row => ({
  title: 'HTTP API',
  panels: [
    lines({
      title: 'Requests to the API',
      description:
        'By status: 4xx is for the client to mend, 429 a token that is too fast, 503 a Redis that does not answer or a process that stops. A stream is one request.',
      unit: 'ops',
      width: 8,
      targets: [[panels.rate(COUNTERS.httpRequests, WINDOW, { by: ['status'] }), '{{status}}']],
    }),
    lines({
      title: 'Requests that the API fails',
      description:
        'By route: the share that is answered with 500 or 503. A 500 is an error of the server, which its log tells of; clients repeat both.',
      unit: 'percentunit',
      width: 8,
      targets: [[apiFailures(panels, WINDOW, ['route']), '{{route}}']],
      thresholds: ['green', [0.05, 'red']],
      runbooks: ['HeraldApiErrors'],
    }),
    lines({
      title: 'Time to an answer (p99)',
      description: 'By route, until the answer begins.',
      unit: 's',
      width: 8,
      targets: [[panels.quantile(0.99, HISTOGRAMS.httpDuration, WINDOW, { by: ['route'] }), '{{route}}']],
    }),
  ],
});
