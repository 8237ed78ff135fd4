import { markdownDialect } from './markdown-dialect.ts';
import { aroundAddresses } from './plain-words.ts';
import type { Place } from './template.ts';

/**
 * Zulip reads `**bold**`, `*italic*`, code, lists, quotes, `@**mentions**`, `#**channels**`, `:emoji:`, `$$math$$`,
 * `<time:…>` and addresses written as plain text; HTML is shown as it is. It knows no backslash escapes, `_` is no mark,
 * and character references work everywhere but in code (zulip's own zerver/lib/markdown): so they keep marks from
 * being marks, and nobody sees them.
 */
export const zulipDialect = markdownDialect({
  words: (text) => aroundAddresses(text, escapeMarks, (url) => url),
  strangersWords,
  literal: reference,
  // `@**{{ name }}**` would let a value choose who is called, `/{{ word }}` what is done.
  opening: /[@#]_?\*{1,3}[^*]*$|^\/\w*$|[\p{L}\p{N}]\.$/u,
  // `<time:…>` is none, and Zulip's own.
  autolink: (address) => (/^(?:https?|mailto):/i.test(address) ? address : `<${address}>`),
  lineBreak: '\n',
  imageMark: '',
  marksInLabels: false,
});

function reference(char: string): string {
  return `&#${char.codePointAt(0)};`;
}

/** Marks of the application's own were read from its Markdown; what is left of them in words is meant as words. */
function escapeMarks(text: string): string {
  return text.replace(/&(?=#?\w+;)/g, '&amp;').replace(/[\\`*[\]^]|<(?=time:)/g, reference);
}

/** All that a mark, a mention, an emoji or an address needs. */
const SPECIAL = /[<>"\\`*_[\]{}~|$^@#:]|\.(?=\p{L})|!(?=[\w[])/gu;

function strangersWords(text: string, { after }: Place): string {
  const plain = text.replaceAll('&', '&amp;').replace(SPECIAL, reference);
  const whole = /^[\p{L}\uFDD0]/u.test(after) ? plain.replace(/\.$/, reference) : plain;
  // At the very start it would be a command: /me, /poll, /todo.
  return whole.replace(/^\//, reference);
}
