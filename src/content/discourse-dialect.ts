import { encodeAddress } from './address.ts';
import { markdownDialect } from './markdown-dialect.ts';
import { aroundAddresses, JOINER } from './plain-words.ts';
import type { Place } from './template.ts';

/**
 * Discourse reads CommonMark with BBCode, `@mentions`, `#hashtags`, `:emoji:`, tables, and addresses written as plain
 * text (markdown-it with the project's own rules). A backslash keeps a mark from being one, but not a mention: those
 * are searched in the text that is left when the backslashes are gone. So values get a WORD JOINER there.
 */
export const discourseDialect = markdownDialect({
  words: (text) => aroundAddresses(text, escapeMarks, keepAddress),
  strangersWords,
  literal: (char) => `\\${char}`,
  opening: /[@#][\p{L}\p{M}\p{N}_.:-]*$|[\p{L}\p{N}]\.$/u,
  autolink: (address) => `<${address}>`,
  lineBreak: '\\\n',
  imageMark: '!',
  marksInLabels: true,
});

/** Between letters an underscore is none of CommonMark's marks, and a user's name may have one. */
const LOOSE_UNDERSCORE = /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

/** A bracket covers links, images and BBCode. */
function escapeMarks(text: string): string {
  return text
    .replace(/[\\`*[\]]/g, '\\$&')
    .replace(LOOSE_UNDERSCORE, '\\_')
    .replace(/&(?=#?\w+;)/g, '&amp;')
    .replaceAll('<', '&lt;');
}

function keepAddress(url: string): string {
  return encodeAddress(url, /[*`[\]\\]/g).replace(LOOSE_UNDERSCORE, '%5F');
}

/** A mention, a hashtag, an emoji, an address begins with each of these; the joiner behind it parts it from its name. */
const BEGINNINGS = /[@#]|:(?!\s)|\/(?=\/)|\.(?=\p{L})/gu;

function strangersWords(text: string, { before, after }: Place): string {
  const slash = before.endsWith('/') && text.startsWith('/') ? JOINER : '';
  const parted = slash + text.replace(BEGINNINGS, `$&${JOINER}`);
  const whole = /\.$/.test(parted) && /^[\p{L}\uFDD0]/u.test(after) ? parted + JOINER : parted;
  return whole
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[\\`*_[\]~|$#]/g, '\\$&');
}
