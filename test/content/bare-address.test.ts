import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kongregateDialect } from '../../src/content/dialects/kongregate.ts';
import { parseContent } from '../../src/content/parse.ts';
import { renderContent } from '../../src/content/render.ts';
import { LONGEST_BLOCK_MS, slowCoreMs } from '../support/slow-core.ts';
import { kongregateReading } from './judges/kongregate.ts';
import { PLATFORMS } from './judges/platforms.ts';

const DIALECTS = [
  ...Object.entries(PLATFORMS).map(
    ([name, { dialect, reads }]) =>
      [name, dialect, (body: string) => reads(body).replace(/^p /, '')] as const,
  ),
  ['Kongregate', kongregateDialect, kongregateReading] as const,
];

describe.each(DIALECTS)('an address among words, on %s', (_, dialect, reads) => {
  const render = (content: string, data?: Record<string, unknown>) =>
    renderContent({ content, ...(data && { data }) }, dialect);
  const spaceless = (text: string) => text.replace(/\s/g, '');

  it.each([
    'https://example.com/a_b_c/_init_.py?y=*2*#frag_ment_',
    'https://example.com/**bold**/__x__',
    'https://example.com/?a=_1_&b=_2_&c=*3*',
    'HTTPS://Example.com/_a_',
  ])('has no marks: %s', (url) => {
    expect(spaceless(reads(render(`see ${url} there`)))).toBe(spaceless(`see ${url} there`));
    expect(spaceless(reads(render(`see (${url}), there`)))).toBe(spaceless(`see (${url}), there`));
  });

  it('is the same whatever characters it is made of', () => {
    const path = fc.string({
      unit: fc.constantFrom('a', '_', '*', '/', '-', '1', '~', '='),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(path, (tail) => {
        const url = `https://example.com/${tail}1`;
        expect(spaceless(reads(render(`see ${url} there`)))).toBe(spaceless(`see ${url} there`));
      }),
      { numRuns: 200 },
    );
  });

  it('stands within marks that are around it', () => {
    expect(reads(render('**https://example.com/a**'))).toBe('{b:https://example.com/a}');
    expect(reads(render('*https://example.com/a_b.*'))).toBe('{i:https://example.com/a_b.}');
  });

  it.each([
    ['Ann Lee', 'Ann%20Lee'],
    ['a/../../admin?x=1#y', 'a%2F..%2F..%2Fadmin%3Fx%3D1%23y'],
    ['a*b_c', 'a%2Ab%5Fc'],
  ])('takes a value as one part of it: %s', (name, part) => {
    expect(render('at https://example.com/p/{{ name }}/x', { name })).toContain(
      `https://example.com/p/${part}/x`,
    );
    expect(render('at https://example.com/?n={{ name }}', { name })).toContain(
      `https://example.com/?n=${part}`,
    );
  });

  it('lets no value choose where it leads', () => {
    expect(() => render('at https://{{ name }}/x', { name: 'evil.example' })).toThrow(
      'must come after the host',
    );
    expect(render('at {{ a }}{{ b }}', { a: 'see:', b: 'a b' })).not.toContain('%20');
  });
});

describe('where an address ends', () => {
  const text = (markdown: string): string => {
    const [paragraph] = parseContent(markdown).root.children;
    return JSON.stringify(paragraph, (key, value: unknown) => (key === 'position' ? undefined : value));
  };
  it.each([
    ['at a mark that ends around it', '**see https://e.com/a**, *b*', '"strong"'],
    ['at a bracket', '[https://e.com/_a](https://e.com/) *b*', '"emphasis"'],
    ['at a quote', '"https://e.com/_a" _b_', '"emphasis"'],
    ['at white space', 'https://e.com/_a _b_', '"emphasis"'],
  ])('%s', (_, markdown, node) => {
    expect(text(markdown)).toContain(node);
  });

  it('reads escapes and references in it', () => {
    expect(text('x https://e.com/\\_a\\_?b=1&amp;c=_2_&copy;*3* y')).toContain(
      '"x https://e.com/_a_?b=1&c=_2_©*3* y"',
    );
    expect(text('x https://e.com/&amp;. *y*')).toContain('"emphasis"');
  });

  it.each(['*', '*_.', '&', '&a', '\\', '\\a', 'http', 'https://', 'https://*'])(
    'is found in time that grows with the text: %s',
    (part) => {
      const length = 60_000 / part.length;
      const parse = () => parseContent(`https://e.com/${part.repeat(length)}a`);
      expect(slowCoreMs(parse)).toBeLessThan(LONGEST_BLOCK_MS);
    },
  );
});
