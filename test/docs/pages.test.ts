import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PAGES, pageUrl, renderPage } from '../../build/docs/pages.ts';
import { FINAL_STATES } from '../../src/observe/label-sets.ts';

const read = (page: string): string => readFileSync(pageUrl(page), 'utf8');

describe('the documentation', () => {
  it.each(PAGES)(
    '%s is as the schemas and definitions make it: run `npm run docs` after a change',
    (page) => {
      expect(read(page)).toBe(renderPage(page));
    },
  );
});

it('the page of the receipts has every state and reason', () => {
  const text = read('docs/receipts.md');
  // A duplicate is settled with the message that bears its id.
  const reasons = FINAL_STATES.map(([, reason]) => reason).filter((reason) => reason !== 'duplicate');
  expect(reasons.filter((reason) => !text.includes(`\`${reason}\` |`))).toEqual([]);
});

/** As GitHub makes them: lower case, no punctuation, spaces to hyphens. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

/** Targets of links into this repository, without those to other sites. */
const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

const WRITTEN = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'];
const IN_DOCS = readdirSync(pageUrl('docs/'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);

describe('links', () => {
  it.each([...WRITTEN, ...IN_DOCS])('of %s lead somewhere', (page) => {
    const broken = linksOf(read(page)).filter((target) => {
      const [path = '', anchor] = target.split('#');
      const url = path === '' ? pageUrl(page) : new URL(path, pageUrl(page));
      if (!existsSync(url)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(url, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

/** What a document names in code: `src/redis/url.ts`, or `url.ts` alone. Names with a placeholder do not count. */
const filesOf = (text: string): string[] =>
  [...text.matchAll(/`([\w./-]+\.(?:ts|lua))`/g)].map(([, file = '']) => file);

describe('files', () => {
  const inFolders = ['src/', 'test/', 'testing/', 'chaos/', 'bench/', 'build/', 'demo/', 'ops/'].flatMap(
    (folder) =>
      readdirSync(pageUrl(folder), { recursive: true, encoding: 'utf8' }).map((file) => `/${folder}${file}`),
  );
  const files = [...inFolders, ...readdirSync(pageUrl('.')).map((file) => `/${file}`)];

  it.each([...WRITTEN, ...IN_DOCS])('that %s names are there', (page) => {
    const missing = filesOf(read(page)).filter((name) => !files.some((file) => file.endsWith(`/${name}`)));
    expect(missing).toEqual([]);
  });
});
