import { type Entry, readLines } from '../../lines.ts';
import { readJsonArray } from './json-array.ts';
import { readNdjson } from './ndjson.ts';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const OPEN_ARRAY = '[';

/**
 * JSON values from a JSON array, or one a line, or laid out over several lines: distinguished by the first character.
 * @param cut see `ReadOptions`
 */
export async function* readJson(
  chunks: AsyncIterable<Uint8Array>,
  cut: AbortSignal,
): AsyncGenerator<Entry<unknown>, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  const first = (): string => withoutBom(start).toString('latin1').trimStart().charAt(0);
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    start = Buffer.concat([start, next.value]);
    // A byte order mark may come in pieces.
    if (start.length >= BOM.length && first() !== '') break;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield withoutBom(start);
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  const options = { cut };
  yield* first() === OPEN_ARRAY
    ? readJsonArray(whole(), options)
    : readNdjson(readLines(whole(), options), options);
}

const withoutBom = (bytes: Buffer): Buffer =>
  bytes.subarray(0, BOM.length).equals(BOM) ? bytes.subarray(BOM.length) : bytes;
