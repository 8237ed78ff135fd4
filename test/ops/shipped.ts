import { channel, overview } from '../../ops/dashboards/dashboards.ts';
import { QUESTIONS } from '../../ops/questions.ts';
import { alertGroups } from '../../ops/rules/alerts.ts';
import { recordingGroups } from '../../ops/rules/objective.ts';
import { AS_SHIPPED } from '../../ops/rules/timing.ts';

/** Every expression of the rules and the dashboards, with what it stands in. */
export interface Expression {
  name: string;
  expr: string;
}

interface WithTargets {
  title?: string;
  targets?: readonly { expr?: string }[];
}

const dashboards = [overview('docs/runbooks'), channel('docs/runbooks')];

export const panelTitles: ReadonlySet<string> = new Set(
  dashboards.flatMap(({ panels = [] }) => (panels as WithTargets[]).map(({ title = '' }) => title)),
);

export const panelExpressions: Expression[] = dashboards.flatMap(({ title, panels = [] }) =>
  (panels as WithTargets[]).flatMap(({ title: panel, targets = [] }) =>
    targets.map(({ expr = '' }, index) => ({ name: `${title}: ${panel} ${index + 1}`, expr })),
  ),
);

export const annotationExpressions: Expression[] = dashboards.flatMap(({ title, annotations }) =>
  (annotations?.list ?? []).map(({ name, expr = '' }) => ({ name: `${title}: ${name}`, expr })),
);

export const recordings: Expression[] = recordingGroups(AS_SHIPPED).flatMap(({ rules }) =>
  rules.map(({ record, expr }) => ({ name: record, expr })),
);

export const alerts: Expression[] = alertGroups(AS_SHIPPED).flatMap(({ rules }) =>
  rules.map(({ alert, expr }) => ({ name: alert, expr })),
);

export const questions: Expression[] = QUESTIONS.flatMap(({ asks, answers }) =>
  answers.map((expr, index) => ({ name: `${asks} ${index + 1}`, expr })),
);

/** As Grafana fills in its variables, for all channels of one installation. */
export const filledIn = (expr: string, { job, window }: { job: string; window: string }): string =>
  expr
    .replaceAll(/\$__rate_interval|\$__range/g, window)
    .replaceAll('$job', job)
    .replaceAll('$channel', '.*');
