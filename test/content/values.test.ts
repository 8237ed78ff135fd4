import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kongregateDialect } from '../../src/content/dialects/kongregate.ts';
import { renderContent } from '../../src/content/render.ts';
import { cases } from '../support/cases.ts';
import { hostileValue, words } from './hostile-values.ts';
import { discourseHtml, skeleton } from './judges/alive.ts';
import { kongregateMarks } from './judges/kongregate.ts';
import { PLATFORMS } from './judges/platforms.ts';
import { zulipHtml } from './judges/zulip.ts';
import { PLACES } from './value-places.ts';

/**
 * The promise about `data`: a value never becomes markup, a mention, a link or a command. In every place, and by each
 * platform's own rules, a content shows with a hostile value what it shows with a harmless word, but for the words.
 */
const HARMLESS = 'qvq';
const SHOWN = {
  Discourse: { dialect: PLATFORMS.Discourse.dialect, html: discourseHtml },
  'User.com': { dialect: PLATFORMS['User.com'].dialect, html: (body: string) => body },
  Zulip: { dialect: PLATFORMS.Zulip.dialect, html: zulipHtml },
};
const PLACE_NAMES = Object.keys(PLACES);
/** Pairs of a content and a value that were misjudged or misrendered once: tried at every run, before the random ones. */
const FOUND: Readonly<Record<string, [string, string][]>> = {
  words: [['1{{ v }} A', '@evil.com*']],
  'code in lists and quotes': [['> - A\n>\n> ```\n> {{ v }}\n> ```', '\u2028---']],
};
const inAddress = (content: string): boolean => content.includes('e.com/{{');

describe.each(Object.entries(SHOWN))('a value on %s', (platform, { dialect, html }) => {
  it.each(PLACE_NAMES)('never becomes more than words: %s', (name) => {
    fc.assert(
      fc.property(fc.constantFrom(...(PLACES[name] ?? [])), hostileValue, (content, v) => {
        const body = renderContent({ content, data: { v } }, dialect);
        const harmless = skeleton(html(renderContent({ content, data: { v: HARMLESS } }, dialect)));
        const hostile = skeleton(html(body));
        expect({ body, shows: hostile.elements }).toEqual({ body, shows: harmless.elements });
        if (platform === 'Zulip') expect(body).not.toMatch(/^\s*\/(?:me|poll|todo)\b/);
        if (inAddress(content)) return;
        expect({ body, says: hostile.words.replaceAll('\u0002', '').replaceAll('\u0003', '') }).toEqual({
          body,
          says: harmless.words
            .replaceAll(HARMLESS, () => words(v))
            .replaceAll('\u0002', '')
            .replaceAll('\u0003', ''),
        });
      }),
      { numRuns: cases(100), examples: FOUND[name] ?? [] },
    );
  });
});

describe.each(Object.entries(SHOWN))('a value that is not seen, on %s', (_, { dialect, html }) => {
  const begins = ['- B', '# B', '> B', '1. B', '=', '---', '+ B', '~~~'];
  it.each(begins)('lets no words behind it begin a block: %s', (words) => {
    for (const v of ['', ' ', '\n', ' \n ']) {
      const shows = (value: string) =>
        skeleton(html(renderContent({ content: `A\n\n{{ v }}${words}`, data: { v: value } }, dialect)))
          .elements;
      expect(shows(v)).toEqual(shows(HARMLESS));
    }
  });
});

describe('a value on Kongregate', () => {
  it.each(PLACE_NAMES)('never becomes more than words: %s', (name) => {
    fc.assert(
      fc.property(fc.constantFrom(...(PLACES[name] ?? [])), hostileValue, (content, v) => {
        const body = renderContent({ content, data: { v } }, kongregateDialect);
        const harmless = renderContent({ content, data: { v: HARMLESS } }, kongregateDialect);
        expect(body).not.toMatch(/<|&#?\w+;/);
        expect({ body, marks: kongregateMarks(body) }).toEqual({ body, marks: kongregateMarks(harmless) });
      }),
      { numRuns: cases(100), examples: FOUND[name] ?? [] },
    );
  });
});
