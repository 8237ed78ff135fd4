import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { GAUGES } from '../../src/observe/metric-definitions.ts';
import { panels } from '../promql.ts';
import { JOB } from '../rules/alerts/workers.ts';
import { layOut } from './layout.ts';
import { DATASOURCE } from './panel.ts';
import type { Row, View } from './row.ts';

export interface DashboardOptions {
  title: string;
  uid: string;
  description: string;
  view: View;
  rows: readonly Row[];
  links: readonly dashboard.DashboardLinkBuilder[];
  /** Where the runbooks lie. */
  runbooks: string;
}

function variables({ view, runbooks }: DashboardOptions) {
  return [
    new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    new dashboard.QueryVariableBuilder('job')
      .label('Installation')
      .description('The job under which Prometheus scrapes the workers.')
      .datasource(DATASOURCE)
      .query(`label_values(${GAUGES.buildInfo.name}, job)`)
      .refresh(dashboard.VariableRefresh.OnDashboardLoad)
      .current({ text: JOB, value: JOB }),
    new dashboard.QueryVariableBuilder('channel')
      .label('Channel')
      .datasource(DATASOURCE)
      .query(`label_values(${GAUGES.channelWorkers.name}{job="$job"}, channel)`)
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      .sort(dashboard.VariableSort.AlphabeticalAsc)
      .multi(view.channels === 'several')
      .includeAll(view.channels === 'several')
      .allValue('.*')
      .current(view.channels === 'several' ? { text: 'All', value: '$__all' } : { text: '', value: '' }),
    new dashboard.TextBoxVariableBuilder('runbooks')
      .label('Runbooks')
      .description('Where docs/runbooks is served; the links of the panels lead there.')
      .defaultValue(runbooks)
      .hide(dashboard.VariableHide.HideVariable),
  ];
}

const annotation = (name: string, colour: string, expr: string, title: string) =>
  new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .expr(expr)
    .step('15s')
    .titleFormat(title);

function annotations() {
  const versions = `count by (version) (${panels.series(GAUGES.buildInfo)})`;
  const before = `count by (version) (${panels.series(GAUGES.buildInfo)} offset 1m)`;
  const stopped = `${panels.max(GAUGES.stopped, { by: ['reason'] })} == 1`;
  return [
    annotation('Deploys', 'blue', `${versions} unless ${before}`, 'Herald {{version}}'),
    annotation(
      'Starts',
      'purple',
      'changes(process_start_time_seconds{job="$job"}[1m]) > 0',
      '{{instance}} started',
    ),
    annotation('Stops', 'red', stopped, '{{channel}} stopped: {{reason}}'),
  ];
}

/** A dashboard as Grafana imports it. */
export function dashboardOf(options: DashboardOptions): dashboard.Dashboard {
  const built = new dashboard.DashboardBuilder(options.title)
    .uid(options.uid)
    .description(options.description)
    .tags(['herald'])
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .timezone('browser')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .variables(variables(options))
    .annotations(annotations())
    .links([...options.links]);
  for (const { title, panels: inRow } of options.rows) {
    built.withRow(new dashboard.RowBuilder(title));
    for (const panel of inRow) built.withPanel(panel);
  }
  const finished = built.build();
  layOut(finished.panels ?? []);
  return finished;
}
