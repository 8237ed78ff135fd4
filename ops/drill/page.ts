import { alertGroups } from '../rules/alerts.ts';
import { runbookOf } from '../rules/rule.ts';
import { AS_SHIPPED } from '../rules/timing.ts';
import type { Act, Step } from './acts.ts';
import type { Firing } from './alert-log.ts';
import { HASTE } from './scene.ts';

/** The drill as a page of the documentation. */
export function page(acts: readonly Act[], firings: readonly Firing[], verdict: string): string {
  return `${[HEAD, ...acts.map(actText), alertTable(firings), '## In the end', verdict].join('\n\n')}\n`;
}

const HEAD = `# The drill

Written by \`npm run drill -- --write docs/drill.md\`, in some five minutes: Redis, the four simulated platforms, two workers, a
Prometheus with the rules of \`ops/prometheus\`, and an application that sends five messages a second on each channel. The outputs
below are those of one run. So that nobody has to wait, **the rules look back and wait ${HASTE} times shorter** than they ship:
what fires here after 15 seconds fires after five minutes. The figures of panels are those of their expressions in
\`ops/grafana/overview.json\`, with a window of 15 s; series that are 0 are left out. What each alert means is in [runbooks](runbooks/).`;

const actText = ({ title, steps }: Act): string => `## ${title}\n\n${steps.map(stepText).join('\n\n')}`;

export function stepText(step: Step): string {
  switch (step.kind) {
    case 'told':
      return `${clockOf(step.at)} ${step.text}`;
    case 'panel':
      return `${clockOf(step.at)} Panel “${step.title}”:\n\n${fenced(step.lines.join('\n') || 'all 0')}`;
    case 'command':
      return `${clockOf(step.at)}\n\n${fenced(`$ ${step.command}\n${step.output}`)}`;
  }
}

/** Several alerts may share a page. */
function pageOf(name: string): string {
  const alerts = alertGroups(AS_SHIPPED).flatMap(({ rules }) => rules);
  const alert = alerts.find((each) => each.alert === name);
  return alert ? runbookOf(alert) : name;
}

const clockOf = (seconds: number): string =>
  `\`${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}\``;

const fenced = (text: string): string => `\`\`\`\n${text}\n\`\`\``;

function alertTable(firings: readonly Firing[]): string {
  const rows = firings.map(
    ({ alert, severity, where, firedAt, endedAt }) =>
      `| [${alert}](runbooks/${pageOf(alert)}.md) | ${severity} | ${where} | ${clockOf(firedAt)} | ${endedAt === undefined ? 'still fires' : clockOf(endedAt)} |`,
  );
  const head = ['| alert | severity | where | fired | ended |', '| --- | --- | --- | --- | --- |'];
  return `## All alerts\n\n${[...head, ...rows].join('\n')}`;
}
