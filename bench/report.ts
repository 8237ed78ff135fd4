import type { Machine } from './machine.ts';
import type { Scale } from './options.ts';
import { type Summary, summarise } from './statistics.ts';
import type { Column, Figures, Table } from './tables/table.ts';

/** What `--json` prints. Figures that could not be told are absent. */
export interface Report {
  machine: Machine;
  scale: Scale;
  tables: TableReport[];
}

export interface TableReport {
  name: string;
  title: string;
  columns: readonly Column[];
  rows: RowReport[];
}

export interface RowReport {
  name: string;
  title: string;
  leftOut?: string | undefined;
  /** By column. */
  figures: Record<string, Summary>;
  /** To the table's unit, of the same round each. */
  ratio?: Summary | undefined;
}

/** By row: what each round gave. */
export type Rounds = ReadonlyMap<string, readonly Figures[]>;

export function reportTable({ name, title, columns, rows, unit }: Table, rounds: Rounds): TableReport {
  const unitRounds = (unit && rounds.get(unit.row)) ?? [];
  return {
    name,
    title,
    columns,
    rows: rows.map((row) => {
      const own = rounds.get(row.name) ?? [];
      const figures = columns.map((column) => [
        column.name,
        summarise(own.map((each) => each[column.name]!)),
      ]);
      const ratios =
        unit && own.map((each, i) => each[unit.column]! / (unitRounds[i]?.[unit.column] ?? Number.NaN));
      return {
        name: row.name,
        title: row.title,
        leftOut: row.leftOut,
        figures: Object.fromEntries(figures.filter(([, summary]) => summary !== undefined)),
        ratio: ratios && summarise(ratios),
      };
    }),
  };
}

/** In Markdown, for docs/speed.md. */
export const renderReport = ({ machine, scale, tables }: Report): string =>
  [
    `${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, Node ${machine.node}, Redis ${machine.redis},`,
    `PostgreSQL ${machine.postgresql ?? 'none'}; load ${machine.load} before. Rounds: ${scale.rounds}; messages of a turn:`,
    `${scale.messages.toLocaleString('en')}. Median (least–most) of the rounds.\n`,
    ...tables.map(renderTable),
  ].join('\n');

function renderTable({ title, columns, rows }: TableReport): string {
  const withRatio = rows.some(({ ratio }) => ratio !== undefined);
  const head = ['', ...columns.map((column) => column.title), ...(withRatio ? ['ratio'] : [])];
  const body = rows.map((row) => [
    row.leftOut === undefined ? row.title : `${row.title}: left out, ${row.leftOut}`,
    ...columns.map(({ name, digits }) => cell(row.figures[name], digits)),
    ...(withRatio ? [cell(row.ratio, 2)] : []),
  ]);
  const widths = head.map((_, i) => Math.max(3, ...[head, ...body].map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return `### ${title}\n\n${[line(head), rule, ...body.map(line)].join('\n')}\n`;
}

function cell(summary: Summary | undefined, digits: number): string {
  if (summary === undefined) return '–';
  const write = (value: number): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const { median, min, max } = summary;
  return min === max ? write(median) : `${write(median)} (${write(min)}–${write(max)})`;
}
