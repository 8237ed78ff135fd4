import { describe, expect, it } from 'vitest';
import { ContentError } from '../../src/content/content.ts';
import { checkNesting } from '../../src/content/nesting.ts';
import { parseMarkdown } from '../../src/content/parse.ts';
import { unhurried } from '../support/slowness.ts';

const HOSTILE: [name: string, markdown: string][] = [
  ['quotes', `${'>'.repeat(2_000)}a`],
  ['quotes with spaces', `${'> '.repeat(100)}a`],
  ['bullets', `${'- '.repeat(100)}a`],
  ['numbers', `${'1. '.repeat(100)}a`],
  ['quoted bullets', `${'> - '.repeat(100)}a`],
  ['indented bullets', Array.from({ length: 100 }, (_, depth) => `${'  '.repeat(depth)}- a`).join('\n')],
  ['tabbed bullets', Array.from({ length: 40 }, (_, depth) => `${'\t'.repeat(depth)}- a`).join('\r')],
  ['emphasis', `${'*a '.repeat(4_000)}b${'*'.repeat(4_000)}`],
  ['one run of stars', `${'*'.repeat(4_000)}b${'*'.repeat(4_000)}`],
  ['emphasis that never ends', '*a_ '.repeat(2_000)],
  ['ends that never began', 'a* '.repeat(20_000)],
  ['the same over many lines', `${'a* '.repeat(20)}\r\n`.repeat(1_000)],
  ['brackets', `${'['.repeat(5_000)}a${'](b)'.repeat(5_000)}`],
  ['images', `${'!['.repeat(3_000)}a${'](b)'.repeat(3_000)}`],
  ['links side by side', '[a](b)'.repeat(10_000)],
];

describe('Markdown that no person writes', () => {
  it.each(HOSTILE)('is refused before it is parsed, in no time: %s', (_, markdown) => {
    const startedAt = performance.now();
    expect(() => parseMarkdown(markdown)).toThrow(ContentError);
    expect(performance.now() - startedAt).toBeLessThan(unhurried(200));
  });

  it('is told by its kind, never quoted', () => {
    expect(() => checkNesting(`${'>'.repeat(100)}secret`)).toThrow(
      'content: a line begins with too many block markers',
    );
  });
});

describe('Markdown that people write', () => {
  it.each([
    ['a long list with emphasis', '- **Gold**: 5 * 3 _now_\n'.repeat(2_000)],
    ['a long text with emphasis', '*Hello*, **world**, it is [here](https://example.com).\n\n'.repeat(500)],
    ['a discussion', `${'> '.repeat(10)}I said so`],
    ['rules', `${'-'.repeat(300)}\n\n${'* '.repeat(30)}\n\n${'_'.repeat(300)}`.replaceAll('_', '-')],
    ['names and sums', 'snake_case_name * 2 * 3 '.repeat(200)],
    ['marks that are only words', '\\*\\[\\_'.repeat(2_000)],
    ['words far to the right', `${' '.repeat(300)}here`],
  ])('is taken: %s', (_, markdown) => {
    expect(() => checkNesting(markdown)).not.toThrow();
  });
});
