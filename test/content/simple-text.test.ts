import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTree } from '../../src/content/markdown-tree.ts';
import { readSimpleText } from '../../src/content/simple-text.ts';

describe('a text that is read without the parser', () => {
  it.each([
    ['words', 'Hello, player 7: 3 - 1 = 2 (or so)!'],
    ['words in another script', 'Привет, 玩家 É. ¿Qué tal?'],
    ['bold words', 'Hello **player 7**, your *guild* has **won**.'],
    ['marks at its edges', '**Hello** you and *me*'],
    ['marks at the edges of lines', '*a b*\n**c**; d\ne *f*\n\n**g**\n**h**'],
    ['paragraphs and lines', 'Hello\nyou\n\n\nand you: http://example.com/a?b=(c)!'],
    ['placeholders', '\uFDD00\uFDD1, **\uFDD01\uFDD1** and *a \uFDD02\uFDD1*\n\n\uFDD03\uFDD1!'],
  ])('has the tree of the parser: %s', (_, text) => {
    expect(readSimpleText(text)).toBeDefined();
    expect(readSimpleText(text)).toEqual(parseTree(text));
  });

  it.each([
    ['nothing', ''],
    ['a line that begins with a sign or a figure', '- a'],
    ['white space at the edges of a line', 'a \nb'],
    ['a mark that may be none', 'a** b**'],
    ['a mark within a word', 'a **b**c'],
    ['marks that may open and close', 'a **b!**! c'],
    ['marks within marks', '**a *b* c**'],
    ['marks over the end of a line', '**a\nb**'],
    ['a mark in an address', 'a http://example.com/*b*'],
    ['a mark within which an address begins', '*a http://example.com*'],
    ['other marks', 'a _b_'],
    ['a text for which the parser has limits', 'a\n'.repeat(4_000)],
  ])('is none of these: %s', (_, text) => {
    expect(readSimpleText(text)).toBeUndefined();
  });

  it('has the tree of the parser, whatever it is composed of', () => {
    const words = ['a', 'b c', 'é', '1', '\u{1D400}', '\uFDD00\uFDD1', '\ud800'];
    const signs = [
      ..."!.,:;?()/-+=#~|{}>$%^'",
      '"',
      '1.',
      '://',
      'http://',
      '\u2060',
      '\u2014',
      '\u20ac',
      '\uFDD1',
    ];
    const spaces = [' ', '  ', '\n', '\n\n', '\t', '\r', '\u00a0', '\u2028', '\ufeff', '\u200b'];
    const marks = ['*', '**', '**', ' **', '** ', ' *', '* ', '***'];
    const pieces = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...words) },
      { weight: 1, arbitrary: fc.constantFrom(...signs) },
      { weight: 1, arbitrary: fc.constantFrom(...spaces) },
      { weight: 4, arbitrary: fc.constantFrom(...marks) },
    );
    const composed = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));
    let read = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: composed }, fc.string({ unit: 'grapheme' })), (text) => {
        const tree = readSimpleText(text);
        if (tree === undefined) return;
        read += 1;
        expect(tree).toEqual(parseTree(text));
      }),
      { numRuns: 4_000 },
    );
    expect(read).toBeGreaterThan(200);
  });
});
