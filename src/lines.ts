import { isUtf8 } from 'node:buffer';

/** Reads lines, and JSON in them, from bytes: files on the command line, and bodies of requests. */

/** Where in an input something begins. Lines count from 1, empty ones included; elements of an array from 0. */
export interface Place {
  line: number;
  index?: number;
}

/** Something that was read, or what is wrong with it. */
export type Entry<T> = Place & ({ value: T } | { problem: string });

export const placeText = ({ line, index }: Place): string =>
  index === undefined ? `line ${line}` : `[${index}] (line ${line})`;

/** A message may hold 64 KiB of content: a longer line is a broken file, and must not fill the memory. */
export const MAX_LINE_BYTES = 1024 * 1024;

const MAX_PIECES = 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

function decode(bytes: Buffer, line: number): Entry<string> | undefined {
  const start = line === 1 && bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
  const end = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length;
  const body = bytes.subarray(start, end);
  if (!isUtf8(body)) return { line, problem: 'not valid UTF-8' };
  const value = body.toString('utf8');
  return value.trim() === '' ? undefined : { line, value };
}

/** Gathers a line that spans chunks, up to the limit. */
function createGatherer(maxBytes: number) {
  let pieces: Buffer[] = [];
  let length = 0;
  return {
    add(piece: Buffer): void {
      length += piece.length;
      if (length > maxBytes) pieces = [];
      else if (piece.length > 0) pieces.push(piece);
      // Joined, because bytes that arrive one at a time would each take a hundred times their size.
      if (pieces.length === MAX_PIECES) pieces = [Buffer.concat(pieces)];
    },
    /** The entry of the line that ends here; undefined for an empty one. */
    take(line: number): Entry<string> | undefined {
      const tooLong = length > maxBytes;
      const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      pieces = [];
      length = 0;
      return tooLong ? { line, problem: `longer than ${maxBytes} bytes` } : decode(bytes, line);
    },
  };
}

export interface LineSplitter {
  /** The lines that end within these bytes. */
  take(bytes: Uint8Array): Entry<string>[];
  /** The last line, if it has no line end. */
  end(): Entry<string>[];
}

/**
 * Splits bytes into lines in bounded memory. LF and CRLF, a byte order mark, empty lines (skipped, but counted) and a
 * last line without an end are all taken. A line too long or not UTF-8 is a problem of that line only.
 */
export function createLineSplitter(maxBytes: number = MAX_LINE_BYTES): LineSplitter {
  const gatherer = createGatherer(maxBytes);
  let line = 1;
  return {
    take(bytes) {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const entries: Entry<string>[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        gatherer.add(chunk.subarray(start, end));
        const entry = gatherer.take(line++);
        if (entry) entries.push(entry);
        start = end + 1;
      }
      gatherer.add(chunk.subarray(start));
      return entries;
    },
    end() {
      const last = gatherer.take(line);
      return last ? [last] : [];
    },
  };
}

export interface ReadOptions {
  maxBytes?: number | undefined;
  /** Aborted if the bytes ended before their input did, anywhere: what has no end is then left out, since a part of a line may look like a whole one. */
  cut?: AbortSignal | undefined;
}

/** The lines of bytes that come in chunks, see `createLineSplitter`. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, cut }: ReadOptions = {},
): AsyncGenerator<Entry<string>, void, undefined> {
  const splitter = createLineSplitter(maxBytes);
  for await (const chunk of chunks) yield* splitter.take(chunk);
  if (!cut?.aborted) yield* splitter.end();
}

/**
 * The engine's own text quotes the input, which has content that must not reach a log. Only a position in it is kept.
 */
export function jsonProblem(error: unknown): string {
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
