import type { Entry, Place } from '../../lines.ts';

/** Values on their way into a call that names them by position, and the places that they came from. */
export interface Numbered<T> {
  values: AsyncGenerator<T, void, undefined>;
  /** Whether the entry at a position was a bad one: its problem is told already. */
  isBad(position: number): boolean;
  /** The place of the value at a position, `undefined` when it left long ago. */
  placeOf(position: number): Place | undefined;
  /** How many entries there were, bad ones included. */
  count(): number;
}

/** Far more than a producer has in flight; 128 KiB in all, however long the file is. */
const REMEMBERED = 4096;
/** In place of an index: not an element of an array. */
const NONE = -1;
/** In place of a bad entry: every producer finds it invalid. */
const NOTHING = null as never;

/**
 * Hands out the values of the good entries. The others go to `onProblem` as they are met, and keep their place: when one of them is
 * mended, all that follows is at the positions that it had before.
 */
export function numbered<T>(
  entries: AsyncIterable<Entry<T>>,
  onProblem: (place: Place, problem: string) => void,
): Numbered<T> {
  const lines = new Float64Array(REMEMBERED);
  const indices = new Float64Array(REMEMBERED);
  const bad = new Uint8Array(REMEMBERED);
  let count = 0;
  const isKept = (position: number): boolean => position < count && position >= count - REMEMBERED;
  async function* values(): AsyncGenerator<T, void, undefined> {
    for await (const entry of entries) {
      const isGood = 'value' in entry;
      const at = count % REMEMBERED;
      lines[at] = entry.line;
      indices[at] = entry.index ?? NONE;
      bad[at] = isGood ? 0 : 1;
      count += 1;
      if (!isGood) onProblem(entry, entry.problem);
      yield isGood ? entry.value : NOTHING;
    }
  }
  return {
    values: values(),
    count: () => count,
    isBad: (position) => isKept(position) && bad[position % REMEMBERED] === 1,
    placeOf(position) {
      if (!isKept(position)) return undefined;
      const [line = 0, index = NONE] = [lines[position % REMEMBERED], indices[position % REMEMBERED]];
      return index === NONE ? { line } : { line, index };
    },
  };
}
