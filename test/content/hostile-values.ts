import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

/** Values as somebody would choose them who wants to become more than words, and what Markdown makes of a text. */

const PIECES = [
  '*',
  '**',
  '_',
  '`',
  '```',
  '~~',
  '~~~',
  '~~~quote\n',
  '```spoiler A\n',
  '``````````',
  '\r',
  '||',
  '\u202e',
  '{{ v }}',
  '\\{{',
  '@**Ann** <b>[x](https://e.com)',
  '#',
  '# ',
  '- ',
  '+ ',
  '1. ',
  '9)',
  '. ',
  ') ',
  '> ',
  '=',
  '===',
  '---',
  '|',
  '[',
  ']',
  '(',
  ')',
  '[x](https://e.com)',
  '![i](//e.com)',
  '[x]: /u',
  '<',
  '>',
  '<b>',
  '</p>',
  '<!--',
  '<time:1>',
  '&',
  '&amp;',
  '&#42;',
  '\\',
  '\\\n',
  '\n',
  '\n\n',
  '\r\n',
  '\t',
  ' ',
  '    ',
  '\u2028',
  '@',
  '@all',
  '@**all**',
  '@*g*',
  '@_**Ann**',
  '#**c**',
  '#tag',
  ':',
  ':smile:',
  'https://evil.example/x',
  '//evil.example',
  'www.evil.example',
  'evil.com',
  'a@evil.com',
  'mailto:a@evil.com',
  'javascript:x',
  '/me ',
  '/poll ',
  '/todo ',
  '[quote]',
  '[/quote]',
  '$$',
  '$$x$$',
  '!',
  '^',
  '"',
  "'",
  '{',
  '}',
  '%',
  '\0',
  'w',
  'word',
  '1',
  'é',
  '🎮',
  '\ud800',
];

const spiced = fc
  .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''));

/** Any text at all, and texts made of what is special somewhere. With something to see in them. */
export const hostileValue = fc
  .oneof(
    { weight: 3, arbitrary: spiced },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  )
  .filter((text) => /[^\s\p{C}]/u.test(text));

/** Where a value may stand in a Markdown content. */
export const TEMPLATES = [
  '{{ v }}',
  'A {{ v }} B',
  'A{{ v }}B',
  '{{ v }}. A',
  '1{{ v }} A',
  '{{ v }}{{ v }}',
  'A\n{{ v }}',
  'A\n\n{{ v }}\n\nB',
  'A **{{ v }}** B',
  'A *{{ v }}* B',
  '# {{ v }}',
  '- {{ v }}\n- B',
  '1. {{ v }}\n2. B',
  '> {{ v }}',
  '> - {{ v }}',
  'A [{{ v }}](https://e.com/) B',
  '@{{ v }} B',
  '@**{{ v }}** B',
  '#{{ v }} B',
  '/{{ v }} B',
  'a.{{ v }} B',
] as const;

export const template = fc.constantFrom(...TEMPLATES);

/** The kinds of nodes as they are nested, neighbouring texts as one. */
export function structure(markdown: string): string {
  const shape = (node: Nodes): string => {
    if (!('children' in node)) return node.type;
    const inner = node.children.map(shape).filter((kind, i, all) => kind !== 'text' || all[i - 1] !== 'text');
    return `${node.type}(${inner.join(' ')})`;
  };
  return shape(fromMarkdown(markdown));
}

/** What a reader sees, without joiners. */
export function seen(markdown: string): string {
  const text = (node: Nodes): string => {
    if ('value' in node) return node.value;
    return 'children' in node ? node.children.map(text).join('') : '';
  };
  return text(fromMarkdown(markdown)).replaceAll('\u2060', '');
}

/** White space apart, what a value should look like. */
export const words = (text: string): string =>
  text.replace(/[\0\p{Cs}\uFDD0\uFDD1]/gu, '\uFFFD').replace(/[\s\u0085\u2060]+/g, '');
