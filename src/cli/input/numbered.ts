import type { Entry } from './lines.ts';

/** Values on their way into a call that names them by position, and the lines that they came from. */
export interface Numbered<T> {
  values: AsyncGenerator<T, void, undefined>;
  /** The line of the value at a position, `undefined` when it left long ago. */
  lineOf(index: number): number | undefined;
  /** How many values were handed out. */
  count(): number;
}

/** Far more than a producer has under way, and 64 KiB however long the file is. */
const REMEMBERED = 4096;

/** Hands out the values of the good entries; the others go to `onProblem` as they are met. */
export function numbered<T>(
  entries: AsyncIterable<Entry<T>>,
  onProblem: (line: number, problem: string) => void,
): Numbered<T> {
  const lines = new Float64Array(REMEMBERED);
  let count = 0;
  async function* values(): AsyncGenerator<T, void, undefined> {
    for await (const entry of entries) {
      if ('problem' in entry) {
        onProblem(entry.line, entry.problem);
        continue;
      }
      lines[count % REMEMBERED] = entry.line;
      count += 1;
      yield entry.value;
    }
  }
  return {
    values: values(),
    count: () => count,
    lineOf: (index) => (index < count && index >= count - REMEMBERED ? lines[index % REMEMBERED] : undefined),
  };
}
