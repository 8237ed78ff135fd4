import type { MetricSpec } from '../../../src/observe/metric-spec.ts';
import { JOB } from '../alerts/workers.ts';

/** Series as promtool's unit tests write them, a sample a minute where the case says nothing else. */
export interface Series {
  readonly series: string;
  /** `0+1x60`: begins with 0, and 60 times grows by 1. */
  readonly values: string;
}

export interface Quiet {
  /** What is the case, though nobody has to be told. */
  readonly when: string;
  readonly given: readonly Series[];
  /** Minutes after the first sample. */
  readonly at: number;
}

export interface Firing extends Omit<Quiet, 'when'> {
  /** Besides the severity. */
  readonly labels: Readonly<Record<string, string>>;
  /** As the annotations write `$value`, where they do. */
  readonly value?: string;
}

/** When an alert has to fire, and when not. */
export interface AlertCase {
  /** Minutes between samples, and evaluations: three days of minutes would take promtool minutes of CPU. */
  readonly every?: number;
  readonly firing: Firing;
  readonly quiet: Quiet;
}
export type AlertCases = Readonly<Record<`Herald${string}`, AlertCase>>;

export const CHANNEL = { job: JOB, channel: 'games' };

const braces = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;

type Labels<M extends MetricSpec> = { readonly [L in M['labels'][number]]?: string } & {
  readonly instance?: string;
  readonly le?: string;
};

/** Of one channel, where the metric has channels. @param suffix `_bucket` or `_count` of a histogram */
export function given<M extends MetricSpec>(
  metric: M,
  labels: Labels<M>,
  values: string,
  suffix: '' | '_bucket' | '_count' = '',
): Series {
  const own = metric.labels.includes('channel') ? CHANNEL : { job: JOB };
  return { series: `${metric.name}${suffix}${braces({ ...own, ...labels })}`, values };
}

/** Of a metric that is not Herald's own. */
export const foreign = (name: string, labels: Readonly<Record<string, string>>, values: string): Series => ({
  series: `${name}${braces(labels)}`,
  values,
});
