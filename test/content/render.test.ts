import { describe, expect, it } from 'vitest';
import { ContentError, type RenderableMessage } from '../../src/content/content.ts';
import { kongregateDialect } from '../../src/content/dialects/kongregate.ts';
import { type Dialect, renderContent } from '../../src/content/render.ts';
import { renderLine } from '../../src/content/render-line.ts';
import { PLATFORMS } from './judges/platforms.ts';

const render = (message: RenderableMessage, dialect: Dialect = kongregateDialect) =>
  renderContent(message, dialect);

function fieldOfError(message: RenderableMessage, dialect?: Dialect): string {
  try {
    render(message, dialect);
  } catch (error) {
    if (error instanceof ContentError) return error.field;
    throw error;
  }
  return 'no error';
}

describe('placeholders', () => {
  it('are filled with texts, numbers and booleans, at any depth', () => {
    const data = { name: 'Ann', stats: { level: 7 }, vip: true, 'first-login': '' };
    expect(render({ content: '{{name}} {{ stats.level }} {{vip}}{{ first-login }}!', data })).toBe(
      'Ann 7 true!',
    );
  });

  it('stay placeholders where Markdown would split them', () => {
    expect(render({ content: '*{{ a_ }}* **{{_b}}** `{{ _c_ }}`', data: { a_: 1, _b: 2, _c_: 3 } })).toBe(
      '_1_ *2* `3`',
    );
  });

  it('take a value as text even when it is one', () => {
    expect(render({ content: 'Hi {{ a }}', data: { a: '{{ b }}', b: 'no' } })).toBe('Hi {{ b }}');
    expect(render({ content: 'Hi \uFDD00\uFDD1 {{ a }}', data: { a: 'x\uFDD00\uFDD1' } })).toBe(
      'Hi \uFFFD0\uFFFD x\uFFFD0\uFFFD',
    );
  });

  it.each([
    ['a missing value', 'Hi {{ a.b }}', { a: {} }, 'data.a.b'],
    ['no data at all', 'Hi {{ a }}', undefined, 'data.a'],
    ['an inherited one', 'Hi {{ constructor.name }}', {}, 'data.constructor.name'],
    ['one from a prototype', 'Hi {{ a }}', Object.create({ a: 'inherited' }), 'data.a'],
    ['null', 'Hi {{ a }}', { a: null }, 'data.a'],
    ['an object', 'Hi {{ a }}', { a: {} }, 'data.a'],
    ['no number', 'Hi {{ a }}', { a: Number.NaN }, 'data.a'],
    ['a statement', 'Hi {% if a %}', { a: 1 }, 'content'],
    ['an expression', 'Hi {{ a | upper }}', { a: 1 }, 'content'],
    ['braces left open', 'Hi {{ a', { a: 1 }, 'content'],
    ['empty braces', 'Hi {{ }}', {}, 'content'],
    ['nothing left to send', '{{ a }}', { a: ' ' }, 'content'],
    ['an empty content', '', undefined, 'content'],
  ])('refuse %s', (_, content, data, field) => {
    expect(fieldOfError({ content, data })).toBe(field);
  });

  it('never put the value into the error', () => {
    expect(() => render({ content: '{{ a }}', data: { a: ['secret'] } })).toThrow(/^(?!.*secret).*data\.a/);
  });

  it('leave room for literal braces', () => {
    expect(render({ content: 'write \\{\\{ name }}' })).toBe('write {{ name }}');
    expect(render({ content: 'write \\{{ name }} and \\{% if %}' })).toBe('write {{ name }} and {% if %}');
    expect(render({ content: '`\\{{ a }}` \\\\{{ a }} \\{\\{ a', data: { a: 1 } })).toBe(
      '`{{ a }}` \\1 {{ a',
    );
    expect(renderLine('title', '\\{{ {{ a }} }}', { a: 1 })).toBe('{{ 1 }}');
  });

  it.each(Object.entries(PLATFORMS))('leave room for literal braces on %s', (_, { dialect, reads }) => {
    const content = '**\\{{** a `\\{{ b }}`\n\n    \\{{ c }}\n\n[\\{{](https://e.com/\\{{)';
    const shown = 'p {b:{{} a {code:{{ b }}}\ncode\n  |{{ c }}\np {a=https://e.com/{{:{{}';
    expect(reads(render({ content }, dialect))).toBe(shown);
    expect(reads(render({ content: 'a \\{{ {{ b }}', format: 'native', data: { b: 1 } }, dialect))).toBe(
      'p a {{ 1',
    );
  });
});

describe('placeholders in links', () => {
  it('are percent-encoded behind the host', () => {
    const data = { id: 'a/b?c&d=é (x)' };
    expect(render({ content: '[go](https://e.com/p/{{ id }})', data })).toBe(
      'go (https://e.com/p/a%2Fb%3Fc%26d%3D%C3%A9%20%28x%29)',
    );
    expect(render({ content: '[go][r]\n\n[r]: https://e.com/?q={{id}}', data: { id: 'x y' } })).toBe(
      'go (https://e.com/?q=x%20y)',
    );
  });

  it.each(['{{ u }}', 'https://{{ u }}/x', 'https://e.com{{ u }}', 'javascript:{{ u }}', '//{{ u }}/'])(
    'are refused in %s, where a value would choose the target',
    (url) => {
      expect(fieldOfError({ content: `[go](${url})`, data: { u: 'evil.example' } })).toBe('content');
      expect(fieldOfError({ content: `![i](${url})`, data: { u: 'evil.example' } })).toBe('content');
    },
  );
});

describe('native content', () => {
  it('is sent as it is', () => {
    const content = '*a* <b> {{ x }} {% y %}';
    expect(render({ content, format: 'native' })).toBe(content);
  });

  it('takes no data where the platform has no escape', () => {
    expect(fieldOfError({ content: 'a {{ x }}', format: 'native', data: { x: 1 } })).toBe('data');
  });

  it('has its values escaped where the platform has one', () => {
    const dialect: Dialect = { ...kongregateDialect, escapeValue: (value) => value.replaceAll('<', '&lt;') };
    expect(render({ content: '<b>{{ x }}</b>', format: 'native', data: { x: '<i>' } }, dialect)).toBe(
      '<b>&lt;i></b>',
    );
    expect(fieldOfError({ content: '{{ y }}', format: 'native', data: {} }, dialect)).toBe('data.y');
  });

  it('holds no half of a surrogate pair', () => {
    expect(render({ content: 'a \ud83d b', format: 'native' })).toBe('a \uFFFD b');
  });
});

describe('parsing', () => {
  it('does not mix up the data of two messages with one content', () => {
    const content = 'Hello **{{ name }}**, [x](https://e.com/{{ name }})';
    const bodies = ['Ann', 'Bob'].map((name) => render({ content, data: { name } }));
    expect(bodies).toEqual(['Hello *Ann*, x (https://e.com/Ann)', 'Hello *Bob*, x (https://e.com/Bob)']);
  });
});
