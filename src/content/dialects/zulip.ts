import { encodeAddress } from '../address.ts';
import { indent } from '../layout.ts';
import { JOINER } from '../marks.ts';
import { aroundAddresses } from '../plain-words.ts';
import type { Place } from '../template.ts';
import { continues, fenced, markdownDialect } from './markdown.ts';

/**
 * Zulip reads `**bold**`, `*italic*`, code, lists, quotes, `@**mentions**`, `#**channels**`, `:emoji:`, `$$math$$`,
 * `<time:…>` and addresses written as plain text; HTML is shown as it is. It knows no backslash escapes, `_` is no mark,
 * and character references work everywhere but in code (zulip's own zerver/lib/markdown): so they keep marks from
 * being marks, and nobody sees them.
 */
export const zulipDialect = markdownDialect({
  words: (text, marked) => aroundAddresses(text, escapeMarks, (url) => keepAddress(url, marked)),
  strangersWords,
  literal: reference,
  // `@**{{ name }}**` would let a value choose who is mentioned, `/{{ word }}` which command runs.
  opening: /[@#]_?\*{1,3}[^*]*$|^\/\w*$|[\p{L}\p{N}]\.$|:[\w+-]*$/u,
  lineBreak: '\n',
  marksInLabels: false,
  flanking: false,
  nests: (before, after) => hasWords(before) && hasWords(after),
  takesAddress: isLink,
  autolink: (address) => {
    if (/^https?:/i.test(address)) return address;
    if (/^time:/i.test(address)) return `<${address}>`;
    return isLink(address) ? `[${escapeMarks(address)}](${address})` : undefined;
  },
  // Images are links; within a link the words are left.
  image: (description, address, { label }) => {
    if (label) return description;
    return description.trim() === '' ? address : `[${description}](${address})`;
  },
  code: (text, language, { nested }) => (nested ? indented(text) : fenced(text, codeLanguage(language))),
  bullet: (number) => (number === undefined ? '- ' : `${number}. `),
  // Of lists of both kinds.
  indentation: () => 2,
  emptyItem: JOINER,
  beginsItem: ({ type }) => type !== 'code',
  between: (previous, next, { nested }) => {
    const code = nested && next.type === 'code' && (previous.type === 'list' || previous.type === 'code');
    return code || continues(previous, next) ? JOINER : undefined;
  },
});

/** To other schemes Zulip makes no link, and shows its source. */
function isLink(url: string): boolean {
  return url !== '' && (/^(?:https?|mailto):/i.test(url) || !/^[^/?#]*:/.test(url));
}

/** Values may be empty. */
const hasWords = (text: string): boolean => text.replace(/\uFDD0l?\d+\uFDD1/g, '').trim() !== '';

/** In fences of these Zulip reads Markdown or TeX; without a language the organisation's own may be one of them. */
const codeLanguage = (language: string): string =>
  /^(?:spoiler|quoted?|math)?$/i.test(language) || !/^[\w+#.-]+$/.test(language) ? 'text' : language;

/** Fences count at the beginning of a line only, so that in lists and quotes code is what is indented. */
function indented(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n').replace(/^(?:[ \t]*\n)+/, '');
  return lines.trim() === '' ? '' : indent(lines, '    ', '    ');
}

function reference(char: string): string {
  return `&#${char.codePointAt(0)};`;
}

/** Zulip finds addresses before marks, but only behind white space; two stars could mark wherever it finds none. */
function keepAddress(url: string, marked: boolean): string {
  const stars = marked || /\*.*\*/.test(url);
  return encodeAddress(url, stars ? /[[\]\\`*^]/g : /[[\]\\`]/g);
}

/** Marks of the application's own were read from its Markdown; what is left of them in words is meant as words. */
function escapeMarks(text: string): string {
  return text.replace(/&(?=#?\w*[;\uFDD0])/g, '&amp;').replace(/[\\`*[\]^]|<(?=time:)/g, reference);
}

/** All that a mark, a mention, an emoji or an address needs. */
const SPECIAL = /[<>"\\`*_[\]{}~|$^@#:]|\.(?=\p{L})|!(?=[\w[])/gu;

/** Python-Markdown takes these out: what is then left must not be a blank line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them.
const REMOVED = /[\u0002\u0003]/g;

function strangersWords(text: string, { after }: Place): string {
  const plain = text.replaceAll('&', '&amp;').replace(SPECIAL, reference).replace(REMOVED, `$&${JOINER}`);
  const whole = /^[\p{L}\uFDD0]/u.test(after) ? plain.replace(/\.$/, reference) : plain;
  // At the very start it would be a command: /me, /poll, /todo.
  return whole.replace(/^\//, reference);
}
