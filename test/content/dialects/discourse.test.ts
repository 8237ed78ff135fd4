import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discourseDialect } from '../../../src/content/dialects/discourse.ts';
import { renderContent } from '../../../src/content/render.ts';
import { cases } from '../../support/cases.ts';
import { hostileValue, seen, structure, template, words } from '../hostile-values.ts';

const render = (content: string, data?: Record<string, unknown>) =>
  renderContent({ content, ...(data && { data }) }, discourseDialect);
const native = (content: string, data: Record<string, unknown>) =>
  renderContent({ content, format: 'native', data }, discourseDialect);

describe('the Discourse dialect', () => {
  it.each([
    ['emphasis', 'Hello **world**, *all* and __you__', 'Hello **world**, *all* and **you**'],
    ['nested emphasis', '***both*** and **bold *italic* bold**', '***both*** and **bold *italic* bold**'],
    ['a heading', 'Big *news*\n===\n\ntext', '# Big *news*\n\ntext'],
    ['a heading of signs', '## C\\#', '## C\\#'],
    ['a link', '[our page](https://e.com/x "title")', '[our page](https://e.com/x)'],
    ['a link by reference', '[page][r]\n\n[r]: https://e.com/r', '[page](https://e.com/r)'],
    ['an autolink', '<https://e.com/a_b>', '<https://e.com/a_b>'],
    ['a bare address', 'see https://e.com/a_b?x=1&y=2', 'see https://e.com/a_b?x=1&y=2'],
    ['a bare address with marks', 'see https://e.com/\\_a\\_\\*b', 'see https://e.com/%5Fa%5F%2Ab'],
    ['an image', '![a cat](https://e.com/c.png)', '![a cat](https://e.com/c.png)'],
    ['a list', '* one\n* **two**\n  * three', '- one\n- **two**\n  - three'],
    ['an ordered list', '3. one\n4. two\n\n   more', '3. one\n4. two\n\n   more'],
    ['a quote', '> one\n>\n> two', '> one\n>\n> two'],
    ['code', 'run `a*b` or `` ` ``', 'run `a*b` or `` ` ``'],
    ['a code block', '    if (a < b)\n', '```\nif (a < b)\n```'],
    ['a code block with a fence', '~~~md\n```\n~~~', '````md\n```\n````'],
    ['a break', 'one  \ntwo<br>three', 'one\\\ntwo\nthree'],
    ['a rule', 'a\n\n***\n\nb', 'a\n\n---\n\nb'],
    ['HTML as words', 'a <b>b</b> <player>', 'a &lt;b>b&lt;/b> &lt;player>'],
    [
      'words that look like blocks',
      '\\- a\n\\1. b\n1\\. c\n\\# d\n\\> e',
      '\\- a\n\\\\1. b\n1\\. c\n\\# d\n\\> e',
    ],
    ['BBCode as words', '[quote]x[/quote]', '\\[quote\\]x\\[/quote\\]'],
    ['a reference as words', '\\&lt; &amp;copy;', '&amp;lt; &amp;copy;'],
    ['mentions of its own', 'Hi @some_user, @group and #tag', 'Hi @some_user, @group and #tag'],
  ])('writes %s', (_, markdown, expected) => {
    expect(render(markdown)).toBe(expected);
  });

  it('says the same twice: its own output reads as it was meant', () => {
    const markdown =
      '# T\n\nHello **w** *x* `c` [l](https://e.com/)\n\n- a\n- b\n\n> q\n\n```js\ny\n```\n\n1\\. z';
    expect(structure(render(markdown))).toBe(structure(markdown));
    expect(render(render(markdown))).toBe(render(markdown));
  });
});

describe('a value for Discourse', () => {
  it.each([
    ['a mention', '@all', '@\u2060all'],
    ['an address', 'https://evil.com', 'https:\u2060/\u2060/evil.\u2060com'],
    ['an address by mail', 'a@evil.com', 'a\u2060@\u2060evil.\u2060com'],
    ['BBCode', '[quote]', '\\[quote\\]'],
    ['HTML', '<b>"&amp;', '&lt;b&gt;&quot;&amp;amp;'],
    ['an emoji', ':smile:', ':\u2060smile:\u2060'],
    ['a hashtag', '#tag', '\\#\u2060tag'],
    ['several paragraphs', 'a\n\n# b\n- c', 'a\n\\#\u2060 b\n\\- c'],
    ['plain words', 'Ann, 3.50 at 10 o’clock (really)!', 'Ann, 3.50 at 10 o’clock (really)!'],
  ])('stays words: %s', (_, value, expected) => {
    expect(render('x {{ v }}', { v: value })).toBe(`x ${expected}`);
    expect(native('x {{ v }}', { v: value })).toBe(`x ${expected}`);
  });

  it('completes no mention or hashtag that was begun', () => {
    expect(render('Hi @{{ v }}', { v: 'bob' })).toBe('Hi @\u2060bob');
    expect(render('Hi @b{{ v }}', { v: 'ob' })).toBe('Hi @b\u2060ob');
    expect(native('Hi #{{ v }}', { v: 'tag' })).toBe('Hi #\u2060tag');
  });

  it.each(['](x)', 'a b', '../../..', '?q=<b>'])('is one part of an address: %s', (value) => {
    for (const body of [
      render('[go](https://e.com/{{ v }}/x)', { v: value }),
      native('[go](https://e.com/{{ v }}/x)', { v: value }),
      render('see https://e.com/{{ v }}/x', { v: value }),
    ]) {
      expect(body).toMatch(/https:\/\/e\.com\/[\w%.?=-]+\/x/);
    }
  });

  it.each([
    '[go]({{ v }})',
    '[go](https://{{ v }}/)',
    '[r]: {{ v }}',
    '<a href="{{ v }}">x</a>',
    '<a title="a > b" href="{{ v }}">x</a>',
    '<a title="x"href="{{ v }}">x</a>',
    '<a/href={{ v }}>x</a>',
    '<b title="\n\n<a title=">" href="{{ v }}">x</a>',
    'https://{{ v }}',
  ])('chooses no target in native %s', (content) => {
    expect(() => native(content, { v: 'javascript:alert(1)' })).toThrow('must come after the host');
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

  it('never becomes a mention, a hashtag, an emoji, an address or HTML', () => {
    fc.assert(
      fc.property(template, hostileValue, (content, v) => {
        const body = render(content, { v })
          .replaceAll('](https://e.com/)', ']')
          .replace(/&#\d+;/g, ' ');
        expect(body).not.toMatch(/[@#][\p{L}\p{N}_]/u);
        expect(body).not.toMatch(/:[\w+-]+:/);
        expect(body).not.toMatch(/[a-z]:\/|\/\/|mailto:[^\s\u2060]/i);
        expect(body.replace('a.', '')).not.toMatch(/[\p{L}\p{N}]\.\p{L}/u);
        expect(body).not.toMatch(/<|&(?!(?:amp|lt|gt|quot|#\d+);)/);
        expect(body).not.toMatch(/(?<!\\)\[(?!.*\] B)/s);
      }),
      { numRuns: cases(250) },
    );
  });

  it('never becomes more than words in native content', () => {
    fc.assert(
      fc.property(hostileValue, (v) => {
        const body = native('A {{ v }} B', { v });
        expect(structure(body)).toBe('root(paragraph(text))');
        expect(body).not.toMatch(/[@#][\p{L}\p{N}_]|\/\//u);
      }),
      { numRuns: cases(250) },
    );
  });
});
