import { type Html, html } from '../html.ts';
import { count } from '../words.ts';

/** Lines of figures over the last hour, drawn on the server: attributes and classes only, as the security policy demands. */

export interface Point {
  at: number;
  value: number;
}

interface Frame {
  width: number;
  height: number;
  /** What the line shows, for screen readers. */
  label: string;
  now: number;
  /** A value that the scale must include. */
  atLeast?: number;
}

const HOUR_MS = 3_600_000;
/** A longer interval between two points is drawn as a gap: nothing was sampled then. */
const GAP_MS = 60_000;
const MARGIN = 2;

const place = (value: number): string => value.toFixed(1);

/** A small line beside a figure. */
export function sparkline(points: readonly Point[], frame: Frame): Html {
  const { width, height, label } = frame;
  if (points.length < 2) return html`<span class="muted" title="${label}">no history yet</span>`;
  const scale = scaleOf(points, frame);
  const lines = runsOf(points).map((run) => pathOf(run, scale));
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${summary(points, label)}">
    ${lines.map((d) => html`<path d="${d}" />`)}
  </svg>`;
}

/** A large one with its greatest value and its time named, and a limit across it where there is one. */
export function chart(points: readonly Point[], frame: Frame & { limit?: number | undefined }): Html {
  const { width, height, label, limit } = frame;
  const scale = scaleOf(points, { ...frame, ...(limit !== undefined && { atLeast: limit }) });
  const runs = runsOf(points);
  const base = height - MARGIN;
  return html`<figure class="chart">
    <figcaption><span>${label}</span><span class="muted">peak ${count(Math.max(0, ...points.map(({ value }) => value)))}</span></figcaption>
    <svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${summary(points, label)}">
      <line class="axis" x1="0" x2="${width}" y1="${base}" y2="${base}" />
      ${runs.map((run) => html`<path class="area" d="${areaOf(run, scale, base)}" /><path d="${pathOf(run, scale)}" />`)}
      ${limit !== undefined && html`<line class="limit" x1="0" x2="${width}" y1="${place(scale.y(limit))}" y2="${place(scale.y(limit))}" />`}
    </svg>
    <p class="chart-time" aria-hidden="true"><span>1 h ago</span><span>now</span></p>
  </figure>`;
}

function summary(points: readonly Point[], label: string): string {
  const last = points.at(-1);
  if (!last) return `${label}: no history yet`;
  const values = points.map(({ value }) => value);
  return `${label}: now ${count(last.value)}, in the last hour from ${count(Math.min(...values))} to ${count(Math.max(...values))}`;
}

interface Scale {
  x(at: number): number;
  y(value: number): number;
}

function scaleOf(points: readonly Point[], { width, height, now, atLeast = 1 }: Frame): Scale {
  const most = Math.max(atLeast, ...points.map(({ value }) => value));
  return {
    x: (at) => width * Math.min(1, Math.max(0, 1 - (now - at) / HOUR_MS)),
    y: (value) => height - MARGIN - (value / most) * (height - 2 * MARGIN),
  };
}

/** Stretches without a gap. */
function runsOf(points: readonly Point[]): Point[][] {
  const runs: Point[][] = [];
  for (const point of points) {
    const run = runs.at(-1);
    if (run && point.at - run.at(-1)!.at <= GAP_MS) run.push(point);
    else runs.push([point]);
  }
  return runs;
}

const pathOf = (run: readonly Point[], { x, y }: Scale): string =>
  run.map(({ at, value }, i) => `${i === 0 ? 'M' : 'L'}${place(x(at))} ${place(y(value))}`).join('');

const areaOf = (run: readonly Point[], scale: Scale, base: number): string =>
  `${pathOf(run, scale)}L${place(scale.x(run.at(-1)!.at))} ${base}L${place(scale.x(run[0]!.at))} ${base}Z`;
