import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const FOLDERS = ['../../src/ledger/lua/', '../../src/jobs/lua/'];
/** Comes before BullMQ's scripts, and sees none of ours. */
const FOREIGN = 'pick-up.lua';

const texts = new Map(
  FOLDERS.flatMap((folder) => {
    const url = new URL(folder, import.meta.url);
    const files = readdirSync(url).filter((file) => file.endsWith('.lua') && file !== FOREIGN);
    return files.map((file): [string, string] => [file, readFileSync(new URL(file, url), 'utf8')]);
  }),
);

const usesOf = (file: string): string[] =>
  /^-- Uses ([\w., -]+\.lua)\.$/m.exec(texts.get(file)!)?.[1]?.split(', ') ?? [];

/** Without comments and texts. */
const codeOf = (file: string): string =>
  texts
    .get(file)!
    .replaceAll(/--.*/g, '')
    .replaceAll(/'[^'\n]*'/g, "''");

const definitions = (file: string, pattern: RegExp): string[] =>
  [...codeOf(file).matchAll(pattern)].flatMap((match) => match[1]!.trim().split(/, */));
const definedBy = (file: string): string[] => definitions(file, /^local (?:function )?([\w, ]+)/gm);
const withinIt = (file: string): string[] => definitions(file, /^ *local (?:function )?([\w, ]+)/gm);

/** Names that stand for themselves: no field of a table, and no key of one that is made. */
const namesIn = (file: string): Set<string> =>
  new Set(codeOf(file).match(/(?<![\w.:])[A-Za-z_]\w*(?!\w| =[^=])/g));

const libraries = [...new Set([...texts.keys()].flatMap(usesOf))];

describe('a file of Lua', () => {
  it.each([...texts.keys()])('names those whose names it uses: %s', (file) => {
    const names = namesIn(file);
    const own = new Set(withinIt(file));
    const needed = libraries.filter(
      (library) => library !== file && definedBy(library).some((name) => names.has(name) && !own.has(name)),
    );
    // Where it is missing, the script fails when it comes to that name.
    expect(usesOf(file)).toEqual(expect.arrayContaining(needed));
    for (const library of usesOf(file)) expect(texts.has(library), library).toBe(true);
  });
});
