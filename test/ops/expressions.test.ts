import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { QUESTIONS } from '../../ops/questions.ts';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/observe/metric-definitions.ts';
import type { MetricSpec } from '../../src/observe/metric-spec.ts';
import { type Parsed, parsePromql } from './promql.ts';
import {
  alerts,
  annotationExpressions,
  filledIn,
  panelExpressions,
  panelTitles,
  questions,
  recordings,
} from './shipped.ts';

const exported: readonly MetricSpec[] = [COUNTERS, GAUGES, HISTOGRAMS].flatMap((kind) => Object.values(kind));
const recorded = new Set(recordings.map(({ name }) => name));

/** Labels by the name of the series. */
const labelsOf = new Map<string, readonly string[]>([
  ...[...Object.values(COUNTERS), ...Object.values(GAUGES)].map(
    ({ name, labels }) => [name, labels] as [string, readonly string[]],
  ),
  ...Object.values(HISTOGRAMS).flatMap(({ name, labels }): [string, readonly string[]][] => [
    [`${name}_bucket`, [...labels, 'le']],
    [`${name}_count`, labels],
    [`${name}_sum`, labels],
  ]),
  ...[...recorded].map((name) => [name, ['channel']] as [string, readonly string[]]),
]);

/** What Prometheus, Node's default metrics and redis_exporter export. */
const FOREIGN = [
  /^(up|scrape_duration_seconds)$/,
  /^process_(cpu_seconds_total|resident_memory_bytes|start_time_seconds)$/,
  /^nodejs_gc_duration_seconds_sum$/,
  /^redis_\w+$/,
];
/** What a scrape puts to every series. */
const OF_SCRAPE = ['job', 'instance'];

const named = [...recordings, ...alerts, ...panelExpressions, ...annotationExpressions, ...questions].map(
  ({ name, expr }) => ({
    name,
    expr,
    parsed: parsePromql(filledIn(expr, { job: 'herald', window: '5m' })),
  }),
);

function problemsOf({ errors, selectors, groupings }: Parsed): string[] {
  const known = selectors.flatMap(({ metric }) => labelsOf.get(metric) ?? []);
  return [
    ...errors,
    ...selectors.flatMap(({ metric, labels }) => {
      const own = labelsOf.get(metric);
      if (!own) return FOREIGN.some((pattern) => pattern.test(metric)) ? [] : [`no metric ${metric}`];
      const strange = Object.keys(labels).filter((label) => ![...own, ...OF_SCRAPE].includes(label));
      return strange.map((label) => `${metric} has no label ${label}`);
    }),
    ...groupings
      .filter((label) => ![...known, ...OF_SCRAPE].includes(label))
      .map((label) => `grouped by ${label}`),
  ];
}

describe('expressions', () => {
  it.each(named)('$name names metrics and labels that there are', ({ parsed }) => {
    expect(problemsOf(parsed)).toEqual([]);
  });

  it('are checked: what is misspelt is found', () => {
    const problems = (expr: string): string[] => problemsOf(parsePromql(expr));
    expect(problems('sum by (channel) (rate(herald_mesages_total[5m]))')).toContain(
      'no metric herald_mesages_total',
    );
    expect(problems('herald_messages_total{status="sent"}')).toEqual([
      'herald_messages_total has no label status',
    ]);
    expect(problems('sum by (reson) (herald_messages_total)')).toEqual(['grouped by reson']);
    expect(problems('sum(rate(herald_messages_total[5m])')).toHaveLength(1);
  });
});

const RUNBOOKS = new URL('../../docs/runbooks/', import.meta.url);

it.each(readdirSync(RUNBOOKS))('%s asks for metrics and labels that there are', (page) => {
  const text = readFileSync(new URL(page, RUNBOOKS), 'utf8');
  const blocks = [...text.matchAll(/```promql\n([\s\S]*?)```/g)].map(([, block = '']) => block.trim());
  const problems = blocks
    .flatMap((block) => block.split('\n'))
    .flatMap((expr) => problemsOf(parsePromql(expr)));
  expect(problems).toEqual([]);
});

it('every exported metric is on a panel or in an alert', () => {
  const shown = new Set(named.flatMap(({ parsed }) => parsed.selectors.map(({ metric }) => metric)));
  const missing = exported.filter(
    ({ name }) => !['', '_bucket', '_count', '_sum'].some((suffix) => shown.has(`${name}${suffix}`)),
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
});

it.each(QUESTIONS)('$asks is answered, and on panels that there are', ({ answers, panels }) => {
  expect(answers).not.toEqual([]);
  expect(panels).not.toEqual([]);
  expect(panels.filter((title) => !panelTitles.has(title))).toEqual([]);
});

it('every recorded series is used', () => {
  const used = new Set(named.flatMap(({ parsed }) => parsed.selectors.map(({ metric }) => metric)));
  expect([...recorded].filter((name) => !used.has(name))).toEqual([]);
});
