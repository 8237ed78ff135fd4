import { describe, expect, it } from 'vitest';
import { readJson } from '../../../src/cli/input/messages.ts';
import type { Entry } from '../../../src/lines.ts';

/** @param size how many bytes come at a time */
async function read(text: string | Buffer, size = 1 << 20): Promise<Entry<unknown>[]> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
  }
  const entries: Entry<unknown>[] = [];
  for await (const entry of readJson(chunks(), new AbortController().signal)) entries.push(entry);
  return entries;
}

const VALUES = [{ a: 1 }, { b: ['],{"', { c: '\\"[' }] }, { d: 'é€😀' }];

describe.each([1, 2, 3, 7, 1 << 20])('in chunks of %d bytes', (size) => {
  it.each([
    ['one line', JSON.stringify(VALUES)],
    ['several lines', JSON.stringify(VALUES, null, 2)],
    ['a line an element', `[\n${VALUES.map((value) => JSON.stringify(value)).join(',\n')}\n]\n`],
    ['after a byte order mark', `\ufeff  \n${JSON.stringify(VALUES)}`],
    ['a comma after the last', `[${VALUES.map((value) => JSON.stringify(value)).join(',')},]`],
  ])('reads every element of an array: %s', async (_, text) => {
    const entries = await read(text, size);
    expect(entries.map((entry) => 'value' in entry && entry.value)).toEqual(VALUES);
    expect(entries.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  it.each([
    ['one line each', VALUES.map((value) => JSON.stringify(value)).join('\n')],
    ['laid out over lines', VALUES.map((value) => JSON.stringify(value, null, 2)).join('\n')],
    [
      'by tabs and CRLF',
      VALUES.map((value) => JSON.stringify(value, null, '\t'))
        .join('\r\n')
        .replaceAll('\n', '\r\n'),
    ],
  ])('reads every object: %s', async (_, text) => {
    const entries = await read(text, size);
    expect(entries.map((entry) => 'value' in entry && entry.value)).toEqual(VALUES);
  });
});

it.each([
  ['an array', '[{"a":1},{"b":'],
  ['one line each', '{"a":1}\n{"b":'],
  ['a value that is whole by chance', '{"a":1}\n12'],
  ['laid out over lines', '{"a":1}\n{\n  "b": 2\n'],
])('leaves out what an interruption cut: %s', async (_, text) => {
  const cut = new AbortController();
  async function* chunks() {
    yield Buffer.from(text);
    cut.abort();
  }
  const entries = [];
  for await (const entry of readJson(chunks(), cut.signal)) entries.push(entry);
  expect(entries).toMatchObject([{ line: 1, value: { a: 1 } }]);
});

describe('an array', () => {
  it('tells a bad element by its index and line, and reads the rest', async () => {
    const text = '[{"a":1},\n {"content":"secret" x},\n,\n 7,\n{"a":2}\n]';
    const entries = await read(text);
    expect(entries).toEqual([
      { line: 1, index: 0, value: { a: 1 } },
      { line: 2, index: 1, problem: expect.stringMatching(/^not valid JSON/) },
      { line: 3, index: 2, problem: 'expected a value before the comma' },
      { line: 4, index: 3, value: 7 },
      { line: 5, index: 4, value: { a: 2 } },
    ]);
    expect(JSON.stringify(entries)).not.toContain('secret');
  });

  it.each([
    ['[{"a":1},', [{ line: 1, problem: 'the array does not end' }]],
    ['[{"a":1},{"b":', [{ line: 1, index: 1, problem: 'the array does not end' }]],
    ['[{"a":1}] x y', [{ line: 1, problem: expect.stringContaining('after the array') }]],
  ])('tells what is wrong with the whole: %s', async (text, problems) => {
    expect(await read(text)).toEqual([{ line: 1, index: 0, value: { a: 1 } }, ...problems]);
  });

  it.each([' [ ] \n', '[]', '\ufeff[]'])('is empty: %j', async (text) => {
    expect(await read(text)).toEqual([]);
  });

  it('holds an element that is too long, or no UTF-8, at its own cost', async () => {
    const long = `["${'x'.repeat(2 << 20)}",1]`;
    expect(await read(long, 1000)).toEqual([
      { line: 1, index: 0, problem: expect.stringMatching(/^longer than/) },
      { line: 1, index: 1, value: 1 },
    ]);
    expect(await read(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x2c, 0x31, 0x5d]))).toEqual([
      { line: 1, index: 0, problem: 'not valid UTF-8' },
      { line: 1, index: 1, value: 1 },
    ]);
  });
});

describe('objects over several lines', () => {
  it.each([
    ['one that never ends', '{\n  "a": 1,\n{"b":2}', [1]],
    ['one that ends within a text', '{\n  "a": "x\n  y"\n}\n{"b":2}', [1]],
    ['a bad line before it', 'nonsense\n{"b":2}', [1]],
    ['a bad line that ends open', '{"a":\n{"b":2}', [1]],
    ['one bracket too many', '{\n  "a": 1\n}}\n{"b":2}', [1]],
  ])('%s takes no other with it', async (_, text, lines) => {
    const entries = await read(text);
    expect(entries.filter((entry) => 'problem' in entry).map(({ line }) => line)).toEqual(lines);
    expect(entries.at(-1)).toMatchObject({ value: { b: 2 } });
  });

  it('tells one that is too long once', async () => {
    const text = `{\n  "a": [\n${'    "0123456789",\n'.repeat(100_000)}    1\n  ]\n}\n{"b":2}`;
    expect(await read(text)).toEqual([
      { line: 1, problem: expect.stringMatching(/^longer than/) },
      { line: 100_006, value: { b: 2 } },
    ]);
  });
});
