import type { Entry, Place } from './lines.ts';

/** Values on their way into a call that names them by position, and the places that they came from. */
export interface Numbered<T> {
  values: AsyncGenerator<T, void, undefined>;
  /** The place of the value at a position, `undefined` when it left long ago. */
  placeOf(position: number): Place | undefined;
  /** How many values were handed out. */
  count(): number;
}

/** Far more than a producer has in flight; 128 KiB in all, however long the file is. */
const REMEMBERED = 4096;
/** In place of an index: not an element of an array. */
const NONE = -1;

/** Hands out the values of the good entries; the others go to `onProblem` as they are met. */
export function numbered<T>(
  entries: AsyncIterable<Entry<T>>,
  onProblem: (place: Place, problem: string) => void,
): Numbered<T> {
  const lines = new Float64Array(REMEMBERED);
  const indices = new Float64Array(REMEMBERED);
  let count = 0;
  async function* values(): AsyncGenerator<T, void, undefined> {
    for await (const entry of entries) {
      if ('problem' in entry) {
        onProblem(entry, entry.problem);
        continue;
      }
      lines[count % REMEMBERED] = entry.line;
      indices[count % REMEMBERED] = entry.index ?? NONE;
      count += 1;
      yield entry.value;
    }
  }
  return {
    values: values(),
    count: () => count,
    placeOf(position) {
      if (position >= count || position < count - REMEMBERED) return undefined;
      const [line = 0, index = NONE] = [lines[position % REMEMBERED], indices[position % REMEMBERED]];
      return index === NONE ? { line } : { line, index };
    },
  };
}
