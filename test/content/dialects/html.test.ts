import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { htmlDialect } from '../../../src/content/dialects/html.ts';
import { renderContent } from '../../../src/content/render.ts';
import { cases } from '../../support/cases.ts';
import { hostileValue, template } from '../hostile-values.ts';

const render = (content: string, data?: Record<string, unknown>) =>
  renderContent({ content, ...(data && { data }) }, htmlDialect);
const native = (content: string, data: Record<string, unknown>) =>
  renderContent({ content, format: 'native', data }, htmlDialect);

/** Every tag, with its attributes, and every reference: all that is not words. */
const tags = (html: string): string[] => html.match(/<[^>]*>?/g) ?? [];
const decoded = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(
      /&(amp|lt|gt|quot|#39);/g,
      (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name] ?? "'",
    );

describe('the HTML dialect', () => {
  it.each([
    ['emphasis', 'Hello **w** *x*', '<p>Hello <strong>w</strong> <em>x</em></p>'],
    ['a heading', '## T & U', '<h2>T &amp; U</h2>'],
    ['a link', '[p](https://e.com/?a=1&b=2)', '<p><a href="https://e.com/?a=1&amp;b=2">p</a></p>'],
    ['an empty link', '[](https://e.com/)', '<p><a href="https://e.com/">https://e.com/</a></p>'],
    ['no link that runs', '[p](javascript:alert(1)) ![i](data:x)', '<p>p i</p>'],
    [
      'an image',
      '![a "cat"](https://e.com/c.png)',
      '<p><img src="https://e.com/c.png" alt="a &quot;cat&quot;"></p>',
    ],
    ['a list', '- a\n- b\n  - c', '<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul></li>\n</ul>'],
    ['a loose list', '2. a\n\n3. b', '<ol start="2">\n<li><p>a</p></li>\n<li><p>b</p></li>\n</ol>'],
    ['a quote', '> a', '<blockquote>\n<p>a</p>\n</blockquote>'],
    ['code', '`a<b`', '<p><code>a&lt;b</code></p>'],
    ['a code block', '```\na<b\n```', '<pre><code>a&lt;b\n</code></pre>'],
    ['a break', 'a  \nb<br>c', '<p>a<br>\nb<br>\nc</p>'],
    ['a rule', '***', '<hr>'],
    ['HTML as words', 'a <script>x</script>', '<p>a &lt;script&gt;x&lt;/script&gt;</p>'],
    ['no comment', 'a <!-- b --> c', '<p>a  c</p>'],
  ])('writes %s', (_, markdown, expected) => {
    expect(render(markdown)).toBe(expected);
  });
});

describe('a value for HTML', () => {
  it('is escaped, in native content as well', () => {
    const v = `<b title="x" id='y'>&amp;</b>`;
    const expected = '&lt;b title=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;';
    expect(render('Hi {{ v }}', { v })).toBe(`<p>Hi ${expected}</p>`);
    expect(native('<i>{{ v }}</i>', { v })).toBe(`<i>${expected}</i>`);
  });

  it('is one part of an address, and chooses none', () => {
    expect(native('<a href="https://e.com/{{ v }}">x</a>', { v: 'a b"/' })).toBe(
      '<a href="https://e.com/a%20b%22%2F">x</a>',
    );
    expect(() => native('<a href="{{ v }}">x</a>', { v: 'javascript:x' })).toThrow(
      'must come after the host',
    );
    expect(() => native("<a class=x href='https://{{ v }}/'>x</a>", { v: 'evil' })).toThrow(
      'must come after the host',
    );
  });

  it.each([
    ['behind a > in quotes', '<a title="a > b" href="{{ v }}">'],
    ['behind another in quotes', "<a title='>' class=\"x>\" href='{{ v }}'>"],
    ['right behind a quote', '<a title="x"href="{{ v }}">'],
    ['behind a slash', '<a/href="{{ v }}">'],
    ['behind a blank in the quotes', '<a href=" {{ v }}">'],
    ['behind another value', '<a title="{{ w }}" href="{{ v }}">'],
    ['without quotes', '<a title = x HREF\n= {{ v }}>'],
    ['behind a comment', '<!-- <a title=" --><a href="{{ v }}">'],
    ['behind a script', '<a href="javascript:f({{ v }})">'],
  ])('chooses no address %s', (_, content) => {
    const data = { v: 'javascript:alert(1)', w: 'w'.repeat(5_000) };
    expect(() => native(`<p>3 < 4</p>${content}x</a>`, data)).toThrow('must come after the host');
  });

  it('is one part of an address behind a > in quotes', () => {
    const content = '<a title="a > {{ v }}" href="https://e.com/{{ v }}/{{ v }}">';
    expect(native(content, { v: 'a b' })).toBe('<a title="a > a b" href="https://e.com/a%20b/a%20b">');
  });

  it('stays one value where no quotes hold it, and adds no attribute', () => {
    const v = 'x onerror=`alert(1)`\n';
    const one = 'x&#32;onerror&#61;&#96;alert(1)&#96;&#10;';
    expect(native('<img alt={{ v }} src="x">{{ v }}', { v })).toBe(`<img alt=${one} src="x">${v}`);
    expect(native('<img alt="a > b"{{ v }} class={{ v }}>', { v })).toBe(
      `<img alt="a > b"${one} class=${one}>`,
    );
    expect(native('<{{ v }}>', { v })).toBe(`<${one}>`);
    expect(native('<img alt="{{ v }}">', { v })).toBe(`<img alt="${v}">`);
  });

  it('never becomes HTML, wherever it stands', () => {
    fc.assert(
      fc.property(template, hostileValue, (content, v) => {
        const body = render(content, { v });
        const harmless = render(content, { v: 'word' });
        expect(tags(body)).toEqual(tags(harmless));
        expect(body).not.toMatch(/&(?!(?:amp|lt|gt|quot|#39);)/);
        const clean = v.replace(/[\0\p{Cs}\uFDD0\uFDD1]/gu, '\uFFFD');
        expect(decoded(body)).toBe(decoded(harmless).replaceAll('word', () => clean));
      }),
      { numRuns: cases(250) },
    );
  });
});
