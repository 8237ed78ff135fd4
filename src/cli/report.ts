import type { CommandContext } from './context.ts';

/** The output of a command without tables, which take as long to load as everything else that a short command needs. */
export interface Report {
  /** Whether a program reads the output: standard output then has JSON documents only, one per line. */
  readonly json: boolean;
  /** The result of the command: `value` with `--json` (snake_case keys), else `text()`. Standard output. */
  result(value: unknown, text: () => string): void;
  /** A line for the user, which is never part of the result. Standard error. */
  note(line: string): void;
}

/** Control characters and direction marks: text from platforms and players must not control a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text on one line, with characters that could control a terminal shown as `\uXXXX`. */
export const printable = (text: string): string =>
  text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const createReport = (
  { stdout, stderr }: Pick<CommandContext, 'stdout' | 'stderr'>,
  json: boolean,
): Report => ({
  json,
  result: (value, text) => void stdout.write(`${json ? JSON.stringify(value) : text()}\n`),
  note: (line) => void stderr.write(`${printable(line)}\n`),
});
