import { expect, it } from 'vitest';
import { readNdjson } from '../../../src/cli/input/ndjson.ts';
import type { Entry } from '../../../src/lines.ts';

async function* from(...values: string[]): AsyncGenerator<Entry<string>> {
  for (const [i, value] of values.entries()) yield { line: i + 1, value };
}

async function collect(lines: AsyncIterable<Entry<string>>): Promise<Entry<unknown>[]> {
  const entries = [];
  for await (const entry of readNdjson(lines)) entries.push(entry);
  return entries;
}

it('reads one value a line and tells the lines that hold none', async () => {
  expect(await collect(from('{"a":1}', '{"a":', '{"b":7}'))).toEqual([
    { line: 1, value: { a: 1 } },
    { line: 2, problem: expect.stringMatching(/^not valid JSON/) },
    { line: 3, value: { b: 7 } },
  ]);
});

it('hands a problem of the line on', async () => {
  async function* bad(): AsyncGenerator<Entry<string>> {
    yield { line: 3, problem: 'not valid UTF-8' };
  }
  expect(await collect(bad())).toEqual([{ line: 3, problem: 'not valid UTF-8' }]);
});

it('never repeats the line, which may hold content', async () => {
  const bad = [
    'secret words',
    '{"content":"secret words", }',
    '{"content":"secret words"',
    '{"content":"secret\twords"}',
  ];
  const entries = await collect(from(...bad));
  expect(entries).toHaveLength(bad.length);
  for (const entry of entries) {
    expect(entry).toHaveProperty('problem');
    expect(JSON.stringify(entry)).not.toMatch(/secret|words/);
  }
});
