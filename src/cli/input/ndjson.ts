import type { Entry } from './lines.ts';

/**
 * The engine's own text quotes the input, and the input holds content that must not reach a log. Where it tells the
 * position, that much is kept.
 */
function jsonProblem(error: unknown): string {
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  return position === undefined ? 'not valid JSON' : `not valid JSON (at character ${Number(position) + 1})`;
}

export function parseJsonLine({ line, value }: { line: number; value: string }): Entry<unknown> {
  try {
    return { line, value: JSON.parse(value) as unknown };
  } catch (error) {
    return { line, problem: jsonProblem(error) };
  }
}

/** One JSON value a line. A line that is none is a problem of that line only, told without repeating the line. */
export async function* readNdjson(
  lines: AsyncIterable<Entry<string>>,
): AsyncGenerator<Entry<unknown>, void, undefined> {
  for await (const entry of lines) yield 'problem' in entry ? entry : parseJsonLine(entry);
}
