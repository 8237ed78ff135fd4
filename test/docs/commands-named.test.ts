import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { program } from '../../build/docs/command-reference.ts';

/** Every page that a person reads, from the root of the repository. */
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'SECURITY.md',
  ...pagesIn('docs'),
  ...pagesIn('docs/internals'),
  ...pagesIn('docs/runbooks'),
];

function pagesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

/** Commands in code: between backticks, or on a line of a shell block. */
const COMMAND = /(?:`|^\$ |^|\| )(?:npx )?herald ([a-z][^`\n|]*)/gm;

const commandsOf = (page: string): string[] =>
  [...readFileSync(page, 'utf8').matchAll(COMMAND)].map(([, command = '']) => command.trim());

/** What is wrong with a command line, by the options and subcommands that Commander knows; undefined for a good one. */
function fault(line: string): string | undefined {
  let command: Command = program;
  for (const word of line.split(/\s+/)) {
    const inner = command.commands.find((each) => each.name() === word);
    if (inner) command = inner;
    else if (command.commands.length > 0 && !word.startsWith('-') && !alternatives(word, command))
      return `no command ${word}`;
    const [option = ''] = word.replace(/^\[/, '').split(/[=\]]/);
    if (/^--?[a-z]/.test(option) && !knows(command, option)) return `no option ${option}`;
  }
  return undefined;
}

/** `pause|resume`, or `…` for any of them. */
const alternatives = (word: string, { commands }: Command): boolean =>
  word.split('|').every((each) => commands.some((command) => command.name() === each)) ||
  !/^[a-z-]+$/.test(word);

function knows(command: Command, option: string): boolean {
  const own = [...command.options, ...program.options];
  return option === '--help' || own.some(({ long, short }) => long === option || short === option);
}

it.each(PAGES)('%s names commands and options that there are', (page) => {
  const faults = commandsOf(page).flatMap((line) => {
    const why = fault(line);
    return why === undefined ? [] : [`herald ${line}: ${why}`];
  });
  expect(faults).toEqual([]);
});

it('finds what there is not', () => {
  expect(fault('explain --recipient x')).toBe('no option --recipient');
  expect(fault('dead bury')).toBe('no command bury');
  expect(fault('dead replay order-31 --rate 50/s --yes --json')).toBeUndefined();
});
