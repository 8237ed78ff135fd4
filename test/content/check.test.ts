import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentError, type RenderableMessage } from '../../src/content/content.ts';
import { discourseDialect } from '../../src/content/dialects/discourse.ts';
import { htmlDialect } from '../../src/content/dialects/html.ts';
import { kongregateDialect } from '../../src/content/dialects/kongregate.ts';
import { zulipDialect } from '../../src/content/dialects/zulip.ts';
import { checkContent, type Dialect, renderContent } from '../../src/content/render.ts';
import { isSimpleText } from '../../src/content/simple-text.ts';

const DIALECTS = [kongregateDialect, zulipDialect, discourseDialect, htmlDialect];

function errorOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ContentError) return error.message;
    throw error;
  }
}

function expectSameError(message: RenderableMessage, dialect: Dialect): void {
  expect(errorOf(() => checkContent(message, dialect))).toBe(errorOf(() => renderContent(message, dialect)));
}

describe('checking a content', () => {
  it.each([
    ['words', { content: 'Hello **you**, and *you*' }],
    ['nothing', { content: ' ' }],
    ['nothing but a comment', { content: '<!-- a -->' }],
    ['a placeholder without its value', { content: 'Hello {{ name }}' }],
    ['a placeholder with its value', { content: 'Hello {{ name }}', data: { name: 'Ann' } }],
    ['a statement', { content: 'Hello {% if a %}' }],
    ['native content with data', { content: 'Hello', format: 'native', data: { name: 'Ann' } }],
    ['more marks within marks than the parser takes', { content: 'a *a'.repeat(60) + 'a*'.repeat(60) }],
    ['a long text', { content: 'a *b* c\n\n'.repeat(500) }],
  ] as const)('throws what rendering throws: %s', (_, message) => {
    for (const dialect of DIALECTS) expectSameError(message, dialect);
  });

  it('throws what rendering throws, whatever it is composed of', () => {
    const pieces = fc.constantFrom(
      ...['a', 'b c', 'é', '\u{1D400}', '\ud800', '\0', '\uFDD0', '\uFDD1', '\u2060', '\u200b', '\ufeff'],
      ...['*', '**', '***', ' *', '* ', ' **', '_', '`', '[a](b)', '<b>', '<!--', '&', '\\', '#', '- '],
      ...[' ', '\n', '\n\n', '\t', '{{ a }}', '{{', '{%', '}', 'http://', '.', '!', '(', ')'],
    );
    const composed = fc.array(pieces, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(''));
    const repeated = fc
      .tuple(composed, fc.integer({ min: 1, max: 80 }))
      .map(([text, times]) => text.repeat(times));
    const content = fc.oneof(composed, repeated, fc.string({ unit: 'grapheme', minLength: 1 }));
    const format = fc.constantFrom(undefined, 'markdown' as const, 'native' as const);
    const data = fc.constantFrom(undefined, {}, { a: 'x' }, { a: null });
    let simple = 0;
    fc.assert(
      fc.property(content, format, data, fc.constantFrom(...DIALECTS), (text, as, values, dialect) => {
        if (isSimpleText(text)) simple += 1;
        expectSameError({ content: text, format: as, data: values }, dialect);
      }),
      { numRuns: 1_000 },
    );
    expect(simple).toBeGreaterThan(50);
  });
});
