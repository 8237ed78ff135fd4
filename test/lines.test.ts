import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, MAX_LINE_BYTES, readLines } from '../src/lines.ts';

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(input: string | Uint8Array, size = 7, maxBytes?: number): Promise<Entry<string>[]> {
  const entries = [];
  for await (const entry of readLines(chunksOf(Buffer.from(input), size), { maxBytes })) entries.push(entry);
  return entries;
}

describe('readLines', () => {
  it('numbers lines from 1, skips empty ones and still counts them', async () => {
    expect(await read('a\n\n  \nb\n')).toEqual([
      { line: 1, value: 'a' },
      { line: 4, value: 'b' },
    ]);
  });

  it('takes CRLF, a byte order mark and a last line without an end', async () => {
    expect(await read('\ufeffa\r\nb\r\nlast')).toEqual([
      { line: 1, value: 'a' },
      { line: 2, value: 'b' },
      { line: 3, value: 'last' },
    ]);
  });

  it('finds no line in nothing, and none after the last line end', async () => {
    expect(await read('')).toEqual([]);
    expect(await read('\ufeff')).toEqual([]);
    expect(await read('a\n')).toHaveLength(1);
  });

  it('takes no part of a line for a whole one where the input was cut', async () => {
    const cut = new AbortController();
    async function* chunks() {
      yield Buffer.from('whole\n123');
      cut.abort();
    }
    const entries = [];
    for await (const entry of readLines(chunks(), { cut: cut.signal })) entries.push(entry);
    expect(entries).toEqual([{ line: 1, value: 'whole' }]);
  });

  it('tells a line that is too long, and goes on', async () => {
    expect(await read('aaaa\nbbbbb\ncccc', 2, 4)).toEqual([
      { line: 1, value: 'aaaa' },
      { line: 2, problem: 'longer than 4 bytes' },
      { line: 3, value: 'cccc' },
    ]);
  });

  it('allows a line of exactly 1 MiB and no more', async () => {
    const longest = 'x'.repeat(MAX_LINE_BYTES);
    const [fits, tooLong] = await read(`${longest}\n${longest}x`, 64 * 1024);
    expect(fits).toEqual({ line: 1, value: longest });
    expect(tooLong).toEqual({ line: 2, problem: 'longer than 1048576 bytes' });
  });

  it('tells a line that is not UTF-8, and goes on', async () => {
    const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xc3, 0x28, 0x0a]), Buffer.from('ä\n')]);
    expect(await read(bytes)).toEqual([
      { line: 1, value: 'a' },
      { line: 2, problem: 'not valid UTF-8' },
      { line: 3, value: 'ä' },
    ]);
  });

  it('reads the same whatever the chunks', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n\ufeff]/g, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), async (lines, size) => {
        const expected = lines.flatMap((value, i) => (value.trim() === '' ? [] : [{ line: i + 1, value }]));
        expect(await read(lines.join('\n'), size)).toEqual(expected);
      }),
    );
  });

  it('holds no more than a line of an endless one', async () => {
    const before = process.memoryUsage().rss;
    async function* endless(): AsyncGenerator<Uint8Array> {
      // Fresh buffers, as a file stream makes them: 512 MiB without a line end.
      for (let i = 0; i < 8192; i++) yield Buffer.alloc(64 * 1024, 'x');
    }
    const entries = [];
    for await (const entry of readLines(endless())) entries.push(entry);
    expect(entries).toEqual([{ line: 1, problem: 'longer than 1048576 bytes' }]);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});
