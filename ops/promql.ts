import type { MetricSpec } from '../src/observe/metric-spec.ts';

/**
 * PromQL over the metric definitions: a metric that is renamed, or a label that it does not have, is an error of the compiler.
 */

/** What a label has to be: a value, one of several, or none of several. */
type Match = string | readonly string[] | { readonly not: readonly string[] };

type LabelOf<M extends MetricSpec> = M['labels'][number];
type Where<M extends MetricSpec> = { readonly [L in LabelOf<M>]?: Match };
type Histogram<L extends string = string> = MetricSpec<L> & { readonly buckets: readonly number[] };

interface Selection<M extends MetricSpec> {
  readonly where?: Where<M>;
  /** By which of its labels as well: `job` and `channel` stay where the scope keeps them. */
  readonly by?: readonly (LabelOf<M> | 'instance')[];
}

/** What the expressions of a dashboard, or of the rules, have in common. */
interface Scope {
  /** As they are written inside the braces; `channel` goes to the metrics that have it. */
  readonly matchers: { readonly job?: string; readonly channel?: string };
  /** By what every aggregation is kept apart. */
  readonly by: readonly string[];
}

export interface Queries {
  /** The series as they are. */
  series<M extends MetricSpec>(metric: M, where?: Where<M>): string;
  /** Events per second. */
  rate<M extends MetricSpec>(metric: M, window: string, selection?: Selection<M>): string;
  /** Events within the window. */
  increase<M extends MetricSpec>(metric: M, window: string, selection?: Selection<M>): string;
  /** Events per second of a counter that Redis keeps, and that is the same from every worker. */
  sharedRate<M extends MetricSpec>(metric: M, window: string, selection?: Selection<M>): string;
  /** The same within the window. */
  sharedIncrease<M extends MetricSpec>(metric: M, window: string, selection?: Selection<M>): string;
  /** How much a gauge changed within the window that is the same from every worker. */
  sharedDelta<M extends MetricSpec>(metric: M, window: string, selection?: Selection<M>): string;
  /** Of a gauge that is the same from every worker. */
  max<M extends MetricSpec>(metric: M, selection?: Selection<M>): string;
  /** Of a gauge that each process has of its own. */
  sum<M extends MetricSpec>(metric: M, selection?: Selection<M>): string;
  /** Of a histogram. @param q 0 to 1 */
  quantile<M extends Histogram>(q: number, metric: M, window: string, selection?: Selection<M>): string;
  /** Of a histogram, as it is drawn by a heatmap. */
  buckets<M extends Histogram>(metric: M, window: string, selection?: Selection<M>): string;
  /** The share of a histogram's observations that were no longer than so many seconds. */
  shareWithin<M extends Histogram>(seconds: number, metric: M, window: string): string;
  /** Observations of a histogram within the window. */
  observations<M extends Histogram>(metric: M, window: string): string;
}

export function matcher(label: string, match: Match): string {
  if (typeof match === 'string') return `${label}="${match}"`;
  const [operator, values] = 'not' in match ? ['!', match.not] : ['=', match];
  if (values.length === 1) return `${label}${operator === '!' ? '!=' : '='}"${values[0]}"`;
  return `${label}${operator}~"${values.join('|')}"`;
}

function queries(scope: Scope): Queries {
  const selector = (
    metric: MetricSpec,
    where: Readonly<Record<string, Match | undefined>> = {},
    suffix = '',
  ): string => {
    const { job, channel } = scope.matchers;
    const matchers = [
      ...(job === undefined ? [] : [job]),
      ...(channel !== undefined && metric.labels.includes('channel') ? [channel] : []),
      ...Object.entries(where).flatMap(([label, match]) =>
        match === undefined ? [] : matcher(label, match),
      ),
    ];
    return `${metric.name}${suffix}${matchers.length === 0 ? '' : `{${matchers.join(',')}}`}`;
  };
  const grouped = (
    operation: string,
    metric: MetricSpec,
    inner: string,
    by: readonly string[] = [],
  ): string => {
    const kept = scope.by.filter((label) => label === 'job' || metric.labels.includes(label));
    const labels = [...kept, ...by];
    return labels.length === 0
      ? `${operation}(${inner})`
      : `${operation} by (${labels.join(', ')}) (${inner})`;
  };
  const bucketRate = (metric: MetricSpec, window: string, { where, by = [] }: Selection<MetricSpec> = {}) =>
    grouped('sum', metric, `rate(${selector(metric, where, '_bucket')}[${window}])`, [...by, 'le']);
  /**
   * Aggregates first and then takes the difference: each worker saw only what came in while it ran. Not `increase`, which would take the
   * figure of a worker that is a few seconds behind for a counter reset.
   */
  const changeOf = (metric: MetricSpec, window: string, { where, by }: Selection<MetricSpec> = {}): string =>
    `delta((${grouped('max', metric, selector(metric, where), by)})[${window}:])`;
  return {
    series: (metric, where) => selector(metric, where),
    rate: (metric, window, { where, by } = {}) =>
      grouped('sum', metric, `rate(${selector(metric, where)}[${window}])`, by),
    increase: (metric, window, { where, by } = {}) =>
      grouped('sum', metric, `increase(${selector(metric, where)}[${window}])`, by),
    sharedRate: (metric, window, { where, by } = {}) =>
      grouped('max', metric, `rate(${selector(metric, where)}[${window}])`, by),
    sharedIncrease: (metric, window, selection) => `clamp_min(${changeOf(metric, window, selection)}, 0)`,
    sharedDelta: changeOf,
    max: (metric, { where, by } = {}) => grouped('max', metric, selector(metric, where), by),
    sum: (metric, { where, by } = {}) => grouped('sum', metric, selector(metric, where), by),
    quantile: (q, metric, window, selection) =>
      `histogram_quantile(${q}, ${bucketRate(metric, window, selection)})`,
    buckets: bucketRate,
    shareWithin(seconds, metric, window) {
      if (!metric.buckets.includes(seconds)) throw new Error(`${metric.name} has no bucket of ${seconds} s`);
      const within = `increase(${selector(metric, { le: `${seconds}` }, '_bucket')}[${window}])`;
      const all = `increase(${selector(metric, {}, '_count')}[${window}])`;
      return `${grouped('sum', metric, within)} / (${grouped('sum', metric, all)} > 0)`;
    },
    observations: (metric, window) =>
      grouped('sum', metric, `increase(${selector(metric, {}, '_count')}[${window}])`),
  };
}

/** Of the rules: of every installation that the Prometheus sees. */
export const rules = queries({ matchers: {}, by: ['job', 'channel'] });
/** Of the dashboards: of the installation and the channels that are chosen there. */
export const panels = queries({
  matchers: { job: 'job="$job"', channel: 'channel=~"$channel"' },
  by: ['channel'],
});
/** Of the dashboards: of applications, which are scraped as jobs of their own. */
export const producers = queries({ matchers: { channel: 'channel=~"$channel"' }, by: ['channel'] });
/** Of the dashboards, added up over the chosen channels. */
export const totals = queries({ matchers: { job: 'job="$job"', channel: 'channel=~"$channel"' }, by: [] });
