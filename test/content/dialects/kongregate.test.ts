import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kongregateDialect } from '../../../src/content/dialects/kongregate.ts';
import { renderContent } from '../../../src/content/render.ts';
import { cases } from '../../support/cases.ts';

const render = (content: string, data?: Record<string, unknown>) =>
  renderContent({ content, ...(data && { data }) }, kongregateDialect);

/** Reads the replacements as a person does. */
const asRead = (text: string) =>
  text.replaceAll('‹', '<').replaceAll('∗', '*').replaceAll('ˍ', '_').replaceAll('\u2060', '');
/** The most eager reading of "HTML is stripped". */
const stripped = (text: string) => text.replace(/<[^>]*>?/g, '');

describe('the Kongregate dialect', () => {
  it.each([
    ['emphasis', 'Hello **world**, *all* and __you__', 'Hello *world*, _all_ and *you*'],
    ['nested emphasis', '***both*** and **bold *italic* bold**', '_*both*_ and *bold _italic_ bold*'],
    ['bold within bold', '**a **b** c**', '*a b c*'],
    ['emphasis over two lines', '**one\ntwo**', '*one*\n*two*'],
    ['a heading', '## Big *news*\n\ntext', '*Big _news_*\n\ntext'],
    ['a bold heading', '# **News**', '*News*'],
    ['a link', '[our page](https://e.com/x "title")', 'our page (https://e.com/x)'],
    ['a link in bold', '**[page](https://e.com/a_b)**', '*page (https://e.com/a%5Fb)*'],
    ['an autolink', '<https://e.com/a_b>', 'https://e.com/a%5Fb'],
    ['a link that is its own label', '[https://e.com](https://e.com)', 'https://e.com'],
    ['a mail address', '<me@e.com>', 'me@e.com'],
    ['a link by reference', '[page][r]\n\n[r]: https://e.com/r', 'page (https://e.com/r)'],
    ['a bare address', 'see https://e.com/a_b*c, then', 'see https://e.com/a%5Fb%2Ac, then'],
    [
      'a link defined twice',
      '[page][r]\n\n[r]: https://e.com/1\n[r]: https://e.com/2',
      'page (https://e.com/1)',
    ],
    ['an address with a reference', 'https://e.com/?a&lt;b', 'https://e.com/?a‹b'],
    ['an address with an ampersand', '[x](https://e.com/?a=1&b=2)', 'x (https://e.com/?a=1&b=2)'],
    ['a link with a reference', '[x](https://e.com/?a=1&amp;lt;=2)', 'x (https://e.com/?a=1&lt%3B=2)'],
    ['an image', '![a cat](https://e.com/c.png)', 'a cat (https://e.com/c.png)'],
    ['an image without words', '![](https://e.com/c.png)', 'https://e.com/c.png'],
    ['a list', '- one\n- **two**\n  - three', '- one\n- *two*\n  - three'],
    ['an ordered list', '3. one\n4. two\n\n   more', '3. one\n4. two\n\n   more'],
    ['a quote', '> one\n>\n> two', '> one\n>\n> two'],
    [
      'quotes in quotes',
      '> > > one\n> > >\n> > > two\n>\n> three',
      '> > > one\n> > >\n> > > two\n>\n> three',
    ],
    ['a quote that is all of another', '> > one\n> >\n> > two', '> > one\n> >\n> > two'],
    ['code', 'run `a*b`', 'run `a∗b`'],
    ['a code block', '```js\nif (a < b)\n  c()\n```', 'if (a ‹ b)\n  c()'],
    ['a break', 'one  \ntwo\\\nthree<br>four', 'one\ntwo\nthree\nfour'],
    ['a rule', 'a\n\n---\n\nb', 'a\n\n———\n\nb'],
    ['a comment', 'a\n\n<!-- not for players -->\n\nb', 'a\n\nb'],
  ])('writes %s', (_, markdown, expected) => {
    expect(render(markdown)).toBe(expected);
  });

  it.each([
    'a < b and c > d',
    'say <player> to me',
    'snake_case_name',
    '2 * 3 * 4',
    '5 &lt; 6 \\&amp; 7',
    '\\*not bold\\* and \\_not italic\\_',
  ])('keeps the plain words of %s', (text) => {
    const body = render(text);
    expect(body).not.toMatch(/[<*_]/);
    expect(body.normalize('NFKC')).not.toMatch(/[<*_]/);
    const words = text.replaceAll('\\', '').replace('&lt;', '<').replaceAll('>', '›');
    expect(asRead(stripped(body)).replaceAll('>', '›')).toBe(words);
  });

  it('never lets a value become markup', () => {
    fc.assert(
      fc.property(markupLike, (value) => {
        const body = render('A {{ v }} B', { v: value });
        expect(body).not.toMatch(/[<*_]/);
        expect(body).not.toMatch(/&#?\w+;/);
        expect(body.normalize('NFKC')).not.toMatch(/[<*_]/);
      }),
    );
  });

  it('loses nothing of a value to the platform', () => {
    const words = markupLike.filter((text) => !/https?:|\p{Cs}|[\0‹∗ˍ\u2060\uFDD0\uFDD1]/iu.test(text));
    fc.assert(
      fc.property(words, (value) => {
        expect(asRead(stripped(render('A {{ v }} B', { v: value })))).toBe(`A ${value} B`);
      }),
    );
  });

  it('opens and closes every mark in turn, whatever the Markdown', () => {
    fc.assert(
      fc.property(markdownLike, (markdown) => {
        const body = render(`x ${markdown}`);
        expect(body).not.toContain('<');
        for (const line of body.split('\n')) {
          expect((line.match(/\*/g) ?? []).length % 2).toBe(0);
          expect((line.match(/_/g) ?? []).length % 2).toBe(0);
        }
      }),
      { numRuns: cases(250) },
    );
  });

  it('keeps addresses the same address', () => {
    const path = fc.string({
      unit: fc.constantFrom('a', '_', '*', '-', '/', '1'),
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(path, (tail) => {
        const shown = /https:\S+/.exec(render('go {{ v }} now', { v: `https://e.com/${tail}` }))?.[0] ?? '';
        expect(shown).not.toMatch(/[<*_]/);
        expect(decodeURIComponent(new URL(shown).pathname)).toBe(new URL(`https://e.com/${tail}`).pathname);
      }),
    );
  });
});

const SPICE = [
  '*',
  '_',
  '<',
  '>',
  '&',
  '&lt;',
  '&#42;',
  '<b>',
  '**',
  '`',
  '[x](y)',
  ' ',
  'https://e.com/_a',
  '\n',
  'w',
];
const markupLike = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...SPICE), { maxLength: 12 }).map((parts) => parts.join('')),
);
const MARKDOWN = [
  ...SPICE,
  '# ',
  '- ',
  '1. ',
  '> ',
  '\n\n',
  '***',
  '~',
  '![i](u_v)',
  '```',
  '\\',
  'word',
  '_w_',
  '**b**',
];
const markdownLike = fc.array(fc.constantFrom(...MARKDOWN), { maxLength: 25 }).map((parts) => parts.join(''));
