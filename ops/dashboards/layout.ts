import type { GridPos } from '@grafana/grafana-foundation-sdk/dashboard';

const COLUMNS = 24;

interface Placed {
  id?: number;
  type?: string;
  gridPos?: GridPos;
}

/** Lines of panels that fit side by side; what starts a row of the dashboard stands alone. */
function linesOf<P extends Placed>(panels: readonly P[]): P[][] {
  const lines: P[][] = [];
  let left = 0;
  for (const panel of panels) {
    const width = panel.type === 'row' ? COLUMNS : (panel.gridPos?.w ?? COLUMNS);
    if (width > left) {
      lines.push([]);
      left = COLUMNS;
    }
    lines.at(-1)?.push(panel);
    left -= width;
  }
  return lines;
}

/**
 * Numbers the panels, and sets where each stands by its width and height; the last of a line takes what is left of it.
 * The library's own layout lets panels stick out at the right.
 */
export function layOut(panels: readonly Placed[]): void {
  for (const [index, panel] of panels.entries()) panel.id = index + 1;
  let y = 0;
  for (const line of linesOf(panels)) {
    let x = 0;
    const h = Math.max(...line.map((panel) => panel.gridPos?.h ?? 1));
    for (const [index, panel] of line.entries()) {
      const last = index === line.length - 1;
      const w = last ? COLUMNS - x : (panel.gridPos?.w ?? COLUMNS);
      panel.gridPos = { h, w, x, y };
      x += w;
    }
    y += h;
  }
}
