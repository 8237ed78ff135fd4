import type { Prometheus } from '../../testing/own-prometheus.ts';
import { overview } from '../dashboards/dashboards.ts';
import { RUNBOOKS } from '../rules/rule-files.ts';

interface WithTargets {
  title?: string;
  targets?: readonly { expr?: string }[];
}

const panels = overview(RUNBOOKS).panels as readonly WithTargets[];

/** Longer than a few scrapes, shorter than an act. */
const WINDOW = '15s';

/** What a panel of the overview shows at this moment, a line each series that is not 0. */
export async function readPanel(prometheus: Prometheus, title: string): Promise<string[]> {
  const targets = panels.find((panel) => panel.title === title)?.targets ?? [];
  if (targets.length === 0) throw new Error(`no panel is called ${title}`);
  const answers = await Promise.all(targets.map(({ expr = '' }) => prometheus.query(filledIn(expr))));
  const shown = answers.flat().filter(({ value: [, value] }) => Number(value) !== 0);
  return shown.map(({ metric, value: [, value] }) => `${labelsOf(metric)} ${figure(value)}`.trim());
}

const filledIn = (expr: string): string =>
  expr
    .replaceAll(/\$__rate_interval|\$__range/g, WINDOW)
    .replaceAll('$job', 'herald')
    .replaceAll('$channel', '.*');

const labelsOf = (metric: Readonly<Record<string, string>>): string =>
  Object.entries(metric)
    .filter(([label]) => !['__name__', 'job', 'instance'].includes(label))
    .map(([label, value]) => `${label}=${value}`)
    .join(' ');

const figure = (text: string): string => {
  const value = Number(text);
  return Number.isInteger(value) || Number.isNaN(value) ? text : value.toPrecision(3);
};
