import type { Entry, Place } from '../../lines.ts';
import { MOST_UNDER_WAY } from '../../producer/batches.ts';

/** Values for a call that reports them by position, and their places in the input. */
export interface Numbered<T> {
  values: AsyncGenerator<T, void, undefined>;
  /** Whether the entry at a position was bad, so that its problem was reported already. */
  isBad(position: number): boolean;
  /** The place of the value at a position; undefined if it is no longer remembered. */
  placeOf(position: number): Place | undefined;
  /** How many entries there were, bad ones included. */
  count(): number;
}

/** How many places are remembered: all that a producer may still tell something about, in about 200 KiB. */
const REMEMBERED = MOST_UNDER_WAY;
/** Stands for an absent index: the value is not an element of an array. */
const NONE = -1;
/** Stands for a bad entry: every producer finds it invalid. */
const NOTHING = null as never;

/**
 * Yields the values of the good entries. Bad ones are reported to `onProblem` at once and keep their position, so that fixing one of
 * them does not move those that follow.
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
