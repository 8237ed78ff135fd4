import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { alertGroups } from '../../ops/rules/alerts.ts';
import { runbookOf } from '../../ops/rules/rule.ts';
import { AS_SHIPPED } from '../../ops/rules/timing.ts';

const FOLDER = new URL('../../docs/runbooks/', import.meta.url);
const pages = readdirSync(FOLDER).map((file) => file.replace(/\.md$/, ''));
const textOf = (page: string): string => readFileSync(new URL(`${page}.md`, FOLDER), 'utf8');
const alerts = alertGroups(AS_SHIPPED).flatMap(({ rules }) => rules);

it('every alert has a page, and every page an alert', () => {
  expect([...new Set(alerts.map(runbookOf))].sort()).toEqual(pages.sort());
});

it.each(pages)('%s says what it means, how to see it and what to do', (page) => {
  const headings = [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  expect(headings[0]).toMatch(new RegExp(`^${page}\\b`));
  expect(headings.slice(1)).toEqual(['What it means', 'How to see it', 'What to do']);
});

const COMMANDS = new Set(
  [...readFileSync(new URL('../commands.md', FOLDER), 'utf8').matchAll(/^\| \[`herald ([a-z ]+)`\]/gm)].map(
    ([, command]) => command,
  ),
);

it.each(pages)('%s names commands that there are', (page) => {
  const named = [...textOf(page).matchAll(/(?:`|^)herald ((?:[a-z]+ ?)+)/gm)].map(([, words = '']) => words);
  const unknown = named.filter(
    (words) => ![...COMMANDS].some((command) => `${words.trim()} `.startsWith(`${command} `)),
  );
  expect(unknown).toEqual([]);
});
