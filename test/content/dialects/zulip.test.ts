import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zulipDialect } from '../../../src/content/dialects/zulip.ts';
import { renderContent } from '../../../src/content/render.ts';
import { cases } from '../../support/cases.ts';
import { hostileValue, seen, structure, template, words } from '../hostile-values.ts';

const render = (content: string, data?: Record<string, unknown>) =>
  renderContent({ content, ...(data && { data }) }, zulipDialect);
const native = (content: string, data: Record<string, unknown>) =>
  renderContent({ content, format: 'native', data }, zulipDialect);

/** What Zulip's server looks for in the text as it was sent: zerver/lib/markdown and zerver/lib/mention. */
const ZULIP_SEES = {
  mention: /@_?\*{1,2}[^*]+\*{1,2}/,
  channel: /#\*\*[^*]+\*\*/,
  emoji: /:[\w+-]+:/,
  math: /\$\$/,
  time: /<time:/,
  spoiler: /~~[^~]+~~|\|\|/,
  address: /https?:\/\/|mailto:\S+@|\b[\w-]+\.[a-z]{2,}\b/i,
  command: /^\s*\/(?:me|poll|todo)\b/,
};

describe('the Zulip dialect', () => {
  it.each([
    ['emphasis', 'Hello **world**, _all_ and __you__', 'Hello **world**, *all* and **you**'],
    ['nested emphasis', '***both*** and **bold *italic* bold**', '***both*** and **bold *italic* bold**'],
    ['emphasis over two lines', '**one\ntwo**', '**one**\n**two**'],
    ['a heading', '## Big *news*', '## Big *news*'],
    ['a link, its label without marks', '[our **page**](https://e.com/x_y)', '[our page](https://e.com/x_y)'],
    ['an autolink', '<https://e.com/a_b>', 'https://e.com/a_b'],
    ['a bare address', 'see https://e.com/a_b*c', 'see https://e.com/a_b*c'],
    ['an image as a link', '![a cat](https://e.com/c.png)', '[a cat](https://e.com/c.png)'],
    ['a list', '* one\n* **two**\n  * three', '- one\n- **two**\n  - three'],
    ['an ordered list', '3. one\n4. two', '3. one\n4. two'],
    ['a quote', '> one\n> two', '> one\n> two'],
    ['code', 'run `a*b`', 'run `a*b`'],
    ['a code block', '```js\na < b\n```', '```js\na < b\n```'],
    ['a break', 'one  \ntwo<br>three', 'one\ntwo\nthree'],
    ['HTML as it is', 'a <b>b</b>', 'a <b>b</b>'],
    ['stars as words', '2 \\* 3 \\[x\\]', '2 &#42; 3 &#91;x&#93;'],
    ['a backslash as a word', 'C:\\\\dir', 'C:&#92;dir'],
    ['words that look like blocks', '\\- a\n1\\. b\n\\# c', '&#45; a\n1&#46; b\n&#35; c'],
    ['a reference as words', '\\&lt; AT&T', '&amp;lt; AT&T'],
    [
      'mentions of its own',
      '@**Ann** @_**Bob** @*group* #**channel**',
      '@**Ann** @_**Bob** @*group* #**channel**',
    ],
    ['commands of its own', '/me waves', '/me waves'],
    ['a time of its own', '<time:2026-01-01T10:00>', '<time:2026-01-01T10:00>'],
    ['a time as words', '\\<time:2026-01-01>', '&#60;time:2026-01-01>'],
  ])('writes %s', (_, markdown, expected) => {
    expect(render(markdown)).toBe(expected);
  });
});

describe('a value for Zulip', () => {
  it.each([
    ['a mention', '@**Ann**', '&#64;&#42;&#42;Ann&#42;&#42;'],
    ['a mention of all', '@**all**', '&#64;&#42;&#42;all&#42;&#42;'],
    ['a group', '@*g*', '&#64;&#42;g&#42;'],
    ['a channel', '#**c**', '&#35;&#42;&#42;c&#42;&#42;'],
    ['an address', 'https://evil.com', 'https&#58;//evil&#46;com'],
    ['an emoji', ':smile:', '&#58;smile&#58;'],
    ['plain words', 'Ann, 3.50 at 10 o’clock (really)!', 'Ann, 3.50 at 10 o’clock (really)!'],
  ])('stays words: %s', (_, value, expected) => {
    expect(render('x {{ v }}', { v: value })).toBe(`x ${expected}`);
    expect(native('x {{ v }}', { v: value })).toBe(`x ${expected}`);
  });

  it.each(['/me waves', '/poll Lunch?', '/todo'])('is no command: %s', (value) => {
    expect(render('{{ v }}', { v: value })).toBe(`&#47;${value.slice(1)}`);
    expect(native('{{ v }}', { v: value })).toBe(`&#47;${value.slice(1)}`);
    expect(render('/{{ v }}', { v: value.slice(1) })).toBe(`/\u2060${value.slice(1)}`);
    expect(render('{{ e }}{{ v }}', { e: ' ', v: value })).not.toMatch(ZULIP_SEES.command);
  });

  it('chooses nobody to be mentioned', () => {
    expect(render('@**{{ v }}**', { v: 'all' })).toBe('@**\u2060all**');
    expect(native('@_**Ann {{ v }}**', { v: 'Lee' })).toBe('@_**Ann \u2060Lee**');
    expect(render('@**Ann** {{ v }}', { v: 'Lee' })).toBe('@**Ann** Lee');
  });

  it('never becomes markup, wherever it stands', () => {
    fc.assert(
      fc.property(template, hostileValue, (content, v) => {
        const body = render(content, { v });
        expect(structure(body)).toBe(structure(render(content, { v: 'w' })));
        expect(words(seen(body))).toBe(
          words(seen(render(content, { v: 'w' }))).replaceAll('w', () => words(v)),
        );
      }),
      { numRuns: cases(250) },
    );
  });

  it('never becomes anything that Zulip looks for', () => {
    fc.assert(
      fc.property(template, hostileValue, (content, v) => {
        // A joiner within a name matches nobody's.
        const body = render(content, { v })
          .replaceAll('](https://e.com/)', ']')
          .replace(/@\*\*\u2060[^*]*\*\*/, '');
        for (const [what, pattern] of Object.entries(ZULIP_SEES))
          expect([what, body.match(pattern)]).toEqual([what, null]);
      }),
      { numRuns: cases(250) },
    );
  });

  it('never becomes more than words in native content', () => {
    fc.assert(
      fc.property(hostileValue, (v) => {
        const body = native('A {{ v }} B', { v });
        expect(structure(body)).toBe('root(paragraph(text))');
        for (const [what, pattern] of Object.entries(ZULIP_SEES))
          expect([what, body.match(pattern)]).toEqual([what, null]);
      }),
      { numRuns: cases(250) },
    );
  });
});
