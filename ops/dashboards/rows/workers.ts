import { GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { panels } from '../../promql.ts';
import { lines, stacked, states } from '../panel.ts';
import { type Row, WINDOW } from '../row.ts';

const INSTANCE = '{{instance}}';

export const workerRow = (): Row => ({
  title: 'Workers',
  panels: [
    states({
      title: 'Answers Prometheus',
      description: 'By worker.',
      unit: 'none',
      width: 8,
      targets: [['up{job="$job"}', INSTANCE]],
      thresholds: ['red', [1, 'green']],
      runbooks: ['HeraldWorkerDown', 'HeraldNoWorkers'],
    }),
    lines({
      title: 'Workers of a channel',
      description: 'By their heartbeats in Redis: one that died counts for half a minute more.',
      unit: 'short',
      width: 8,
      targets: [[panels.max(GAUGES.channelWorkers), '{{channel}}']],
      runbooks: ['HeraldChannelUnserved'],
    }),
    stacked({
      title: 'Versions',
      description: 'How many workers run which version of Herald.',
      unit: 'short',
      width: 8,
      targets: [[`count by (version) (${panels.series(GAUGES.buildInfo)})`, '{{version}}']],
      runbooks: ['HeraldVersionsDiffer'],
    }),
    lines({
      title: 'Starts',
      description: 'Within a quarter of an hour, by worker.',
      unit: 'short',
      width: 8,
      targets: [['changes(process_start_time_seconds{job="$job"}[15m])', INSTANCE]],
      runbooks: ['HeraldWorkerRestarts'],
    }),
    states({
      title: 'Draining',
      description: 'It takes no more messages and finishes those in hand.',
      unit: 'none',
      width: 8,
      targets: [[panels.series(GAUGES.draining), INSTANCE]],
      thresholds: ['green', [1, 'orange']],
      runbooks: ['HeraldDrainHangs'],
    }),
    lines({
      title: 'CPU',
      description: 'Cores. A worker uses one for its own work, at most.',
      unit: 'short',
      width: 8,
      targets: [[`rate(process_cpu_seconds_total{job="$job"}[${WINDOW}])`, INSTANCE]],
    }),
    lines({
      title: 'Memory',
      description: 'Resident.',
      unit: 'bytes',
      width: 8,
      targets: [['process_resident_memory_bytes{job="$job"}', INSTANCE]],
    }),
    lines({
      title: 'Garbage collection',
      description: 'Share of the time spent in it.',
      unit: 'percentunit',
      width: 8,
      targets: [
        [`sum by (instance) (rate(nodejs_gc_duration_seconds_sum{job="$job"}[${WINDOW}]))`, INSTANCE],
      ],
    }),
    lines({
      title: 'Event loop lag',
      description:
        '99th percentile of how late a worker is for its own timers. It takes no messages while it is blocked.',
      unit: 's',
      width: 8,
      targets: [[panels.quantile(0.99, HISTOGRAMS.eventLoopLag, WINDOW, { by: ['instance'] }), INSTANCE]],
      thresholds: ['green', [0.5, 'orange']],
      runbooks: ['HeraldEventLoopBlocked'],
    }),
    lines({
      title: 'Clock, against Redis',
      description: 'Beyond two seconds either way the worker takes no messages.',
      unit: 's',
      width: 8,
      targets: [[panels.series(GAUGES.clockOffset), INSTANCE]],
      runbooks: ['HeraldClockOff'],
      signed: true,
    }),
    lines({
      title: 'Scrape duration',
      description: 'How long a worker takes to write its metrics.',
      unit: 's',
      width: 8,
      targets: [['scrape_duration_seconds{job="$job"}', INSTANCE]],
    }),
  ],
});
