import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { HeraldError } from '../src/error.ts';
import * as herald from '../src/index.ts';
import * as platform from '../src/platforms/index.ts';
import * as sandbox from '../src/sandbox/index.ts';

type ErrorClass = (new (...args: never[]) => Error) & { name: string };

const isErrorClass = (exported: unknown): exported is ErrorClass =>
  typeof exported === 'function' && exported.prototype instanceof Error && exported !== HeraldError;

const classes = [herald, platform, sandbox].flatMap((entry) =>
  Object.values<unknown>(entry).filter(isErrorClass),
);

/** As each class assigns it, whatever its constructor is given. */
function codeOf(kind: ErrorClass): string {
  const source = kind.toString();
  return /code = ['"](HERALD_[A-Z_]+)['"]/.exec(source)?.[1] ?? `${kind.name} has no code`;
}

it('gives each exported error a code of its own, which the library reference names beside the class', () => {
  const page = readFileSync('docs/library.md', 'utf8');
  expect(classes.length).toBeGreaterThan(10);
  for (const kind of classes) {
    expect(page).toContain(`| \`${kind.name}\` | \`${codeOf(kind)}\` |`);
    expect(kind.prototype).toBeInstanceOf(HeraldError);
  }
  expect(new Set(classes.map(codeOf)).size).toBe(classes.length);
});

it('names no error that is gone', () => {
  const page = readFileSync('docs/library.md', 'utf8');
  const named = [...page.matchAll(/^\| `(\w+Error)` \|/gm)].map((match) => match[1]);
  expect(named.sort()).toEqual(classes.map(({ name }) => name).sort());
});
