import { alertGroups } from './alerts.ts';
import { apiCases } from './cases/api.ts';
import type { AlertCase, AlertCases, Firing, Quiet } from './cases/case.ts';
import { channelCases } from './cases/channel.ts';
import { deadLetterCases } from './cases/dead-letters.ts';
import { objectiveCases } from './cases/objective.ts';
import { platformCases } from './cases/platform.ts';
import { redisCases } from './cases/redis.ts';
import { webhookCases } from './cases/webhooks.ts';
import { workerCases } from './cases/workers.ts';
import { recordingGroups } from './objective.ts';
import { type Alert, runbookOf } from './rule.ts';
import { AS_SHIPPED } from './timing.ts';

/** What promtool is to find of each alert: firing where it has to, with its annotations, and not firing elsewhere. */

const CASES: AlertCases = {
  ...objectiveCases,
  ...channelCases,
  ...platformCases,
  ...deadLetterCases,
  ...workerCases,
  ...redisCases,
  ...apiCases,
  ...webhookCases,
};

/** As Prometheus expands the annotations; how it writes a value is left to the case. */
function expand(text: string, { labels, value = '' }: Firing): string {
  return text
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '')
    .replaceAll(/\{\{ \$value[^}]*\}\}/g, value);
}

const test = (
  alert: Alert,
  name: string,
  every: number,
  { given, at }: Pick<Quiet, 'given' | 'at'>,
  expected: object[],
) => ({
  name: `${alert.alert}: ${name}`,
  interval: `${every}m`,
  input_series: given,
  alert_rule_test: [{ eval_time: `${at}m`, alertname: alert.alert, exp_alerts: expected }],
});

function testsOf(alert: Alert, { every = 1, firing, quiet }: AlertCase, runbooks: string) {
  const fired = {
    exp_labels: { severity: alert.severity, ...firing.labels },
    exp_annotations: {
      summary: expand(alert.summary, firing),
      description: expand(alert.description, firing),
      runbook_url: `${runbooks}/${runbookOf(alert)}.md`,
    },
  };
  return [
    test(alert, 'fires', every, firing, [fired]),
    test(alert, `not when ${quiet.when}`, every, quiet, []),
  ];
}

function caseOf({ alert }: Alert): AlertCase {
  const found = CASES[alert];
  if (!found) throw new Error(`${alert} has no case in ops/rules/cases`);
  return found;
}

/**
 * A file of promtool's unit tests for each interval of evaluation, in minutes.
 * @throws Error for an alert without a case
 */
export function alertUnitTests(runbooks: string): Map<number, object> {
  const alerts = alertGroups(AS_SHIPPED).flatMap(({ rules }) => rules);
  const everyOf = (alert: Alert): number => caseOf(alert).every ?? 1;
  const intervals = [...new Set(alerts.map(everyOf))];
  const file = (of: readonly Alert[], every: number) => ({
    rule_files: ['../rules/recording.yml', '../rules/alerts.yml'],
    evaluation_interval: `${every}m`,
    // Alerts read what was recorded at the same moment; without an order promtool throws dice.
    group_eval_order: [...recordingGroups(AS_SHIPPED), ...alertGroups(AS_SHIPPED)].map(({ name }) => name),
    tests: of.flatMap((alert) => testsOf(alert, caseOf(alert), runbooks)),
  });
  return new Map(
    intervals.map((every) => [
      every,
      file(
        alerts.filter((alert) => everyOf(alert) === every),
        every,
      ),
    ]),
  );
}
