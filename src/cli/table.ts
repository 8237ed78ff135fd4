import Table from 'cli-table3';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/**
 * Renders all of Herald's tables: columns two spaces apart, without rules, ready for `awk`. Cells are wrapped to fit a terminal; if not
 * even their longest words fit, each row becomes a block.
 */

export interface TableText {
  head: readonly string[];
  /** Each row has as many cells as the head, of one line each. */
  rows: readonly (readonly string[])[];
  /** Which columns are aligned right, as figures are. */
  right: readonly boolean[];
}

const GAP = '  ';
/** A longer word (an address, an id) is broken, so that it does not push the other columns out. */
const LONGEST_WORD = 16;
const NARROWEST = 10;

const SIDES = ['top', 'bottom', 'left', 'right', 'mid'];
const NO_RULES = Object.fromEntries(
  SIDES.flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]).map((name) => [name, '']),
);

/** @param width of the terminal, in columns; absent if the output is not a terminal */
export function renderTable({ head, rows, right }: TableText, width?: number): string {
  const lines = [head, ...rows];
  const columns = head.map((_, i) => lines.map((line) => line[i] ?? ''));
  const room = width === undefined ? undefined : width - GAP.length * (head.length - 1);
  const widths = room === undefined ? columns.map(naturalWidth) : fitted(columns, room);
  if (!widths) return rows.map((row) => block(head, row, width!)).join('\n\n');
  return layOut(
    lines.map((line) =>
      line.map((cell, i) => wrapAnsi(cell, widths[i]!, { hard: true, trim: false }).trimEnd()),
    ),
    right,
  );
}

const naturalWidth = (cells: readonly string[]): number =>
  Math.max(...cells.map((cell) => stringWidth(cell)));

const longestWord = (cells: readonly string[]): number =>
  Math.min(LONGEST_WORD, naturalWidth(cells.flatMap((cell) => cell.split(/\s+/))));

/** Narrows the widest columns first, none below its longest word; undefined if that is not enough. */
function fitted(columns: readonly (readonly string[])[], room: number): number[] | undefined {
  const natural = columns.map(naturalWidth);
  const least = columns.map(longestWord);
  const at = (most: number): number[] =>
    natural.map((width, i) => Math.max(least[i]!, Math.min(width, most)));
  for (let most = Math.max(...natural); most >= 1; most--) {
    const widths = at(most);
    if (widths.reduce((sum, width) => sum + width, 0) <= room) return widths;
  }
  return undefined;
}

/** A row as a block: one line per cell. */
function block(head: readonly string[], row: readonly string[], width: number): string {
  const names = naturalWidth(head);
  const room = Math.max(NARROWEST, width - names - GAP.length);
  const cells = row.map((cell, i) => [head[i]!, wrapAnsi(cell, room, { hard: true })]);
  return layOut(cells, [false, false]);
}

function layOut(lines: readonly (readonly string[])[], right: readonly boolean[]): string {
  const table = new Table({
    colAligns: right.map((figures) => (figures ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: { ...NO_RULES, middle: GAP },
  });
  table.push(...lines.map((line) => [...line]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}
