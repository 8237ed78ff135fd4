import { type Entry, MAX_LINE_BYTES, parseJsonLine, type ReadOptions } from '../../lines.ts';

/** How the next line of an object that spans several lines begins: it is indented, or it is a closing bracket. */
const GOES_ON = /^[\s}\]]/;

/**
 * One JSON object per line, or formatted over several lines as `jq` prints them. Anything else is one problem: an object begins at the
 * margin, so that one which never ends does not swallow the next.
 */
export async function* readNdjson(
  lines: AsyncIterable<Entry<string>>,
  { cut }: Pick<ReadOptions, 'cut'> = {},
): AsyncGenerator<Entry<unknown>, void, undefined> {
  const joiner = createJoiner();
  for await (const entry of lines) {
    if ('problem' in entry) yield* [...joiner.end(), entry];
    else yield* joiner.add(entry);
  }
  if (!cut?.aborted) yield* joiner.end();
}

type Line = Extract<Entry<string>, { value: string }>;

/** Joins the lines of an object. */
function createJoiner() {
  /** An object that continues on the next line. */
  let open: { line: number; lines: string[]; length: number; depth: number } | undefined;
  let broken = false;

  function* end(): Generator<Entry<unknown>> {
    if (open) yield { line: open.line, problem: 'not valid JSON (it does not end)' };
    open = undefined;
  }
  function* goOn({ value }: Line, before: NonNullable<typeof open>): Generator<Entry<unknown>> {
    const { line, lines } = before;
    lines.push(value);
    const length = before.length + value.length;
    const depth = depthAfter(value, before.depth);
    open = undefined;
    broken = depth === undefined || length > MAX_LINE_BYTES;
    if (depth === undefined) yield { line, problem: 'not valid JSON (a line ends within a text)' };
    else if (broken) yield { line, problem: `longer than ${MAX_LINE_BYTES} bytes` };
    else if (depth > 0) open = { line, lines, length, depth };
    else yield parseJsonLine({ line, value: lines.join('\n') });
  }
  return {
    end,
    *add(entry: Line): Generator<Entry<unknown>> {
      // Skips the rest of an object that was reported already.
      if (broken && GOES_ON.test(entry.value)) return;
      broken = false;
      if (/^[{[]/.test(entry.value)) yield* end();
      const { line, value } = entry;
      if (open) yield* goOn(entry, open);
      else if (value.startsWith('{') && (depthAfter(value, 0) ?? 0) > 0)
        yield* goOn(entry, { line, lines: [], length: 0, depth: 0 });
      else yield parseJsonLine(entry);
    },
  };
}

/** How many brackets are open at the end of the line; undefined where it ends within a text, which JSON does not allow. */
function depthAfter(line: string, before: number): number | undefined {
  let depth = before;
  let inString = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i];
    if (inString) {
      if (character === '\\') i += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
  }
  return inString ? undefined : depth;
}
