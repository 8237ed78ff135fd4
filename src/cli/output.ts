import type { CommandContext, OutputStream } from './context.ts';
import { createReport, printable, type Report } from './report.ts';
import { renderTable } from './table.ts';

export type Cell = string | number | null | undefined;

export { printable };

export interface Output extends Report {
  /** Fitted to the terminal; elsewhere one line per row. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string;
}

const cellText = (cell: Cell): string =>
  cell === null || cell === undefined ? '-' : printable(String(cell));

/** The width of the terminal in columns; undefined if the stream is not a terminal. */
export const widthOf = ({ isTTY, columns }: OutputStream): number | undefined =>
  isTTY === true ? (columns ?? 80) : undefined;

export function createOutput(context: Pick<CommandContext, 'stdout' | 'stderr'>, json: boolean): Output {
  return {
    ...createReport(context, json),
    table: (head, rows) =>
      renderTable(
        {
          head,
          rows: rows.map((row) => head.map((_, i) => cellText(row[i]))),
          right: head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number')),
        },
        widthOf(context.stdout),
      ),
  };
}
