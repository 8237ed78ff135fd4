import { QUESTIONS } from '../../ops/questions.ts';
import { alertGroups } from '../../ops/rules/alerts.ts';
import { runbookOf } from '../../ops/rules/rule.ts';
import { AS_SHIPPED } from '../../ops/rules/timing.ts';
import { markdownTable } from './markdown-table.ts';

/** Tables of what `ops` makes. */

/** The label of an annotation's template, as a placeholder. */
const readable = (summary: string): string =>
  summary.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, '<$1>').replaceAll(/\{\{ \$value[^}]*\}\}/g, '…');

export const alertTable = (): string =>
  markdownTable(
    ['alert', 'severity', 'after', 'says'],
    alertGroups(AS_SHIPPED).flatMap(({ rules }) =>
      rules.map((alert) => [
        `[${alert.alert}](runbooks/${runbookOf(alert)}.md)`,
        alert.severity,
        alert.for === undefined ? 'at once' : AS_SHIPPED.hold(alert.for),
        `\`${readable(alert.summary)}\``,
      ]),
    ),
  );

export const questionTable = (): string =>
  markdownTable(
    ['question', 'expression', 'panel'],
    QUESTIONS.map(({ asks, answers, panels }) => [
      asks,
      answers.map((expr) => `\`${expr}\``).join('<br>'),
      panels.map((panel) => `*${panel}*`).join('<br>'),
    ]),
  );
