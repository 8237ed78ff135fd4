import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Of "`resolve` and `refusal_proves` in `doubts.lua`": the names, and the file that defines them. */
const KEPT_BY = /((?:`\w+`(?:, | and )?)+) in `([\w./-]+\.(?:lua|ts))`/g;

const table = readFileSync('ARCHITECTURE.md', 'utf8').split('### The rules, and where they are kept')[1]!;
const rows = table
  .split('\n## ')[0]!
  .split('\n')
  .filter((line) => /^\| \d/.test(line));
const kept = rows.flatMap((row) =>
  [...row.matchAll(KEPT_BY)].flatMap(([, names = '', file = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]): [string, string] => [name!, file]),
  ),
);

const sourceOf = (file: string): string =>
  readFileSync(file.endsWith('.lua') ? `src/ledger/lua/${file}` : `src/${file}`, 'utf8');

it('names what keeps each of the nine rules', () => {
  expect(new Set(rows.map((row) => row[2]))).toEqual(new Set('123456789'));
  expect(kept.length).toBeGreaterThan(15);
});

it.each(kept)('%s is in %s', (name, file) => {
  expect(sourceOf(file)).toMatch(new RegExp(`(function|const|local) ([\\w, ]+, )?${name}\\b`));
});

const files = rows.flatMap((row) => [...row.matchAll(/`([\w./-]+\.(?:lua|ts))`/g)].map(([, file]) => file!));

it.each([...new Set(files)])('%s is there', (file) => {
  expect(sourceOf(file)).not.toBe('');
});
