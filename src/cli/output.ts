import type { CommandContext, OutputStream } from './context.ts';
import { renderTable } from './table.ts';

export type Cell = string | number | null | undefined;

export interface Output {
  /** Whether a program reads: one JSON document a line on standard output, and nothing else there. */
  readonly json: boolean;
  /** The result of the command: `value` with `--json` (snake_case keys), else `text()`. Standard output. */
  result(value: unknown, text: () => string): void;
  /** A line for the person at the keyboard, never part of the result. Standard error. */
  note(line: string): void;
  /** As wide as the terminal allows; elsewhere a line a row. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string;
}

/** Control characters and direction marks: what a platform or a player wrote must not steer a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text on one line, with whatever could steer a terminal shown as `\uXXXX`. */
export const printable = (text: string): string =>
  text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

const cellText = (cell: Cell): string =>
  cell === null || cell === undefined ? '-' : printable(String(cell));

/** Columns of the terminal; undefined where no terminal is, for a program may read. */
export const widthOf = ({ isTTY, columns }: OutputStream): number | undefined =>
  isTTY === true ? (columns ?? 80) : undefined;

export function createOutput(
  { stdout, stderr }: Pick<CommandContext, 'stdout' | 'stderr'>,
  json: boolean,
): Output {
  return {
    json,
    result: (value, text) => void stdout.write(`${json ? JSON.stringify(value) : text()}\n`),
    note: (line) => void stderr.write(`${printable(line)}\n`),
    table: (head, rows) =>
      renderTable(
        {
          head,
          rows: rows.map((row) => head.map((_, i) => cellText(row[i]))),
          right: head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number')),
        },
        widthOf(stdout),
      ),
  };
}
