import { isUtf8 } from 'node:buffer';
import { type Entry, jsonProblem, MAX_LINE_BYTES, type ReadOptions } from '../../lines.ts';

const [QUOTE, BACKSLASH, COMMA, NEWLINE] = [0x22, 0x5c, 0x2c, 0x0a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Space, tab, line feed, carriage return. */
const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** An element that is being read: its bytes, and the line in which it began. */
interface Element {
  pieces: Buffer[];
  length: number;
  line: number;
}

/**
 * The elements of one JSON array, in bounded memory, however it is formatted: an export is often one line of gigabytes. The scanner
 * looks only for commas, brackets and quotes; each element is then parsed on its own, so that a bad one does not affect the others.
 * `index` counts from 0.
 */
export async function* readJsonArray(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes = MAX_LINE_BYTES, cut }: ReadOptions = {},
): AsyncGenerator<Entry<unknown>, void, undefined> {
  const scan = createScanner(maxBytes);
  for await (const bytes of chunks)
    yield* scan.feed(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  if (!cut?.aborted) yield* scan.end();
}

function createScanner(maxBytes: number) {
  let [line, index, depth, inString, escaped] = [1, 0, 0, false, false];
  let element: Element | undefined;
  let saidGarbage = false;

  const add = (piece: Buffer): void => {
    if (!element) return;
    element.length += piece.length;
    if (element.length > maxBytes) element.pieces = [];
    else if (piece.length > 0) element.pieces.push(piece);
  };
  function take(ended: boolean): Entry<unknown> | undefined {
    const taken = element;
    element = undefined;
    const at = { line: taken?.line ?? line, index };
    // `[]`, or a trailing comma.
    if (!taken && ended) return undefined;
    index += 1;
    if (!taken) return { ...at, problem: 'expected a value before the comma' };
    if (taken.length > maxBytes) return { ...at, problem: `longer than ${maxBytes} bytes` };
    return { ...at, ...parse(Buffer.concat(taken.pieces)) };
  }

  /** What a byte outside of strings means for the element that is being read. */
  function step(byte: number): 'begins' | 'ends' | 'next' | 'inside' | 'outside' {
    if (depth === 0) {
      if (byte === OPEN_ARRAY) depth = 1;
      return byte === OPEN_ARRAY || isBlank(byte) ? 'inside' : 'outside';
    }
    if (depth === 1 && byte === COMMA) return 'next';
    if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
    if (depth === 0) return 'ends';
    const begins = !element && !isBlank(byte);
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1;
    if (byte === QUOTE) inString = true;
    return begins ? 'begins' : 'inside';
  }

  return {
    *feed(chunk: Buffer): Generator<Entry<unknown>, void, undefined> {
      let from = 0;
      for (let i = 0; i < chunk.length; i++) {
        const byte = chunk[i]!;
        if (byte === NEWLINE) line += 1;
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inString = false;
          continue;
        }
        const what = step(byte);
        if (what === 'begins') {
          element = { pieces: [], length: 0, line };
          from = i;
        } else if (what === 'next' || what === 'ends') {
          add(chunk.subarray(from, i));
          const entry = take(what === 'ends');
          if (entry) yield entry;
          from = i + 1;
        } else if (what === 'outside' && !saidGarbage) {
          saidGarbage = true;
          yield { line, problem: 'expected nothing after the array: the rest is not read' };
        }
      }
      add(chunk.subarray(from));
    },
    *end(): Generator<Entry<unknown>, void, undefined> {
      if (depth > 0) yield { line, ...(element && { index }), problem: 'the array does not end' };
    },
  };
}

function parse(bytes: Buffer): { value: unknown } | { problem: string } {
  if (!isUtf8(bytes)) return { problem: 'not valid UTF-8' };
  try {
    return { value: JSON.parse(bytes.toString('utf8')) as unknown };
  } catch (error) {
    return { problem: jsonProblem(error) };
  }
}
