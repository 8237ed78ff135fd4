import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as text from '@grafana/grafana-foundation-sdk/text';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** The panels that the dashboards are made of: one look, and nothing without a description and a unit. */

export type Panel = Builder<dashboard.Panel>;

/** An expression and how its series are called; Grafana fills in `{{label}}`. */
export type Target = readonly [expr: string, legend: string];

export type Unit =
  | 'short'
  | 's'
  | 'percentunit'
  | 'mps'
  | 'reqps'
  | 'ops'
  | 'bytes'
  | 'dateTimeFromNow'
  | 'none';

type Colour = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'text';

export interface PanelOptions {
  title: string;
  /** What it shows, and what is wrong when it looks wrong. */
  description: string;
  unit: Unit;
  targets: readonly Target[];
  /** Of 24 columns. */
  width: number;
  /** The colour below the first value, then from each value on. */
  thresholds?: readonly [Colour, ...(readonly [number, Colour])[]];
  /** Pages of docs/runbooks. */
  runbooks?: readonly string[];
  decimals?: number;
  /** Whether it may fall below 0. */
  signed?: boolean;
}

/** In rows of Grafana's grid. */
const HEIGHT = 8;
const STAT_HEIGHT = 4;

export const DATASOURCE = { type: 'prometheus', uid: `\${datasource}` };

const runbookLink = (page: string) =>
  new dashboard.DashboardLinkBuilder(page)
    .type(dashboard.DashboardLinkType.Link)
    .url(`\${runbooks}/${page}.md`)
    .targetBlank(true);

function query([expr, legend]: Target, index: number) {
  return new prometheus.DataqueryBuilder()
    .datasource(DATASOURCE)
    .expr(expr)
    .legendFormat(legend)
    .refId(String.fromCharCode('A'.charCodeAt(0) + index));
}

/** What all builders of panels have. */
interface Common {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: common.DataSourceRef): this;
  span(columns: number): this;
  height(rows: number): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  noValue(text: string): this;
  thresholds(thresholds: Builder<dashboard.ThresholdsConfig>): this;
  links(links: Builder<dashboard.DashboardLink>[]): this;
  targets(targets: Builder<Dataquery>[]): this;
}

function described<B extends Common>(builder: B, options: PanelOptions, height = HEIGHT): B {
  builder
    .title(options.title)
    .description(options.description)
    .datasource(DATASOURCE)
    .span(options.width)
    .height(height)
    .unit(options.unit)
    .links((options.runbooks ?? []).map(runbookLink))
    .targets(options.targets.map(query));
  if (options.decimals !== undefined) builder.decimals(options.decimals);
  if (options.thresholds) builder.thresholds(thresholdsOf(options.thresholds));
  return builder;
}

function thresholdsOf([base, ...steps]: NonNullable<PanelOptions['thresholds']>) {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))]);
}

const legend = () =>
  new common.VizLegendOptionsBuilder()
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(['lastNotNull', 'max']);

const tooltip = () =>
  new common.VizTooltipOptionsBuilder()
    .mode(common.TooltipDisplayMode.Multi)
    .sort(common.SortOrder.Descending);

/** One figure, as it is now. */
export function figure(options: PanelOptions & { graph?: boolean; noValue?: string }): Panel {
  return described(new stat.PanelBuilder(), options, STAT_HEIGHT)
    .noValue(options.noValue ?? '–')
    .graphMode(options.graph ? common.BigValueGraphMode.Area : common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.Value)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''));
}

/** Lines over time; with thresholds a line where they lie. */
export function lines(options: PanelOptions): Panel {
  const built = described(new timeseries.PanelBuilder(), options)
    .legend(legend())
    .tooltip(tooltip())
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(common.VisibilityMode.Never);
  if (!options.signed) built.min(0);
  if (!options.thresholds) return built;
  return built.thresholdsStyle(
    new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
  );
}

/** What adds up to a whole. */
export function stacked(options: PanelOptions): Panel {
  return described(new timeseries.PanelBuilder(), options)
    .legend(legend())
    .tooltip(tooltip())
    .lineWidth(1)
    .fillOpacity(60)
    .showPoints(common.VisibilityMode.Never)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal))
    .min(0);
}

/** Figures side by side, over all that is shown. */
export function bars(options: PanelOptions): Panel {
  return (
    described(new bargauge.PanelBuilder(), { ...options, targets: [] })
      // Only the last value is shown: without this, each point of the time shown would look back over all of it.
      .targets(options.targets.map((target, index) => query(target, index).instant()))
      .orientation(common.VizOrientation.Horizontal)
      .displayMode(common.BarGaugeDisplayMode.Basic)
      .min(0)
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''))
  );
}

/** A histogram over time; the expression sums by `le`. */
export function heat(options: Omit<PanelOptions, 'targets'> & { expr: string }): Panel {
  const [target] = [query([options.expr, '{{le}}'], 0).format(prometheus.PromQueryFormat.Heatmap)];
  return described(new heatmap.PanelBuilder(), { ...options, targets: [] })
    .targets([target])
    .calculate(false)
    .yAxis(new heatmap.YAxisConfigBuilder().unit(options.unit))
    .cellGap(1);
}

/** What holds when: 1 is drawn, 0 is left out. */
export function states(options: PanelOptions): Panel {
  return described(new statetimeline.PanelBuilder(), options)
    .legend(new common.VizLegendOptionsBuilder().showLegend(false))
    .showValue(common.VisibilityMode.Never)
    .mergeValues(true)
    .rowHeight(0.8)
    .mappings([
      {
        type: dashboard.MappingType.ValueToText,
        options: { '0': { text: 'no', index: 0 }, '1': { text: 'yes', index: 1 } },
      },
    ]);
}

/** Markdown. */
export function words(
  options: Pick<PanelOptions, 'title' | 'description' | 'width'> & { content: string },
): Panel {
  return new text.PanelBuilder()
    .title(options.title)
    .description(options.description)
    .span(options.width)
    .height(HEIGHT)
    .mode(text.TextMode.Markdown)
    .content(options.content);
}
