import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PAGES, pageUrl, renderPage } from '../../build/docs/pages.ts';

const read = (page: string): string => readFileSync(pageUrl(page), 'utf8');

describe('the documentation', () => {
  it.each(PAGES)(
    '%s is as the schemas and definitions make it: run `npm run docs` after a change',
    (page) => {
      expect(read(page)).toBe(renderPage(page));
    },
  );
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

describe('links', () => {
  it.each(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', ...PAGES])(
    'of %s lead somewhere',
    (page) => {
      const broken = linksOf(read(page)).filter((target) => {
        const [path = '', anchor] = target.split('#');
        const url = path === '' ? pageUrl(page) : new URL(path, pageUrl(page));
        if (!existsSync(url)) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(url, 'utf8')).includes(anchor);
      });
      expect(broken).toEqual([]);
    },
  );
});
