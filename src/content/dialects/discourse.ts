import { encodeAddress } from '../address.ts';
import { JOINER } from '../marks.ts';
import { aroundAddresses } from '../plain-words.ts';
import type { Place } from '../template.ts';
import { fenced, markdownDialect } from './markdown.ts';

/**
 * Discourse reads CommonMark with BBCode, `@mentions`, `#hashtags`, `:emoji:`, tables, and addresses written as plain
 * text (markdown-it with the project's own rules). A backslash keeps a mark from being one, but not a mention: those
 * are searched in the text that is left when the backslashes are gone. So values get a WORD JOINER there.
 */
export const discourseDialect = markdownDialect({
  words: (text) => aroundAddresses(text, escapeMarks, keepAddress),
  strangersWords,
  literal: (char) => `\\${char}`,
  opening: /[@#][\p{L}\p{M}\p{N}_.:-]*$|[\p{L}\p{N}]\.$|:[\w+-]*$/u,
  lineBreak: '\\\n',
  marksInLabels: true,
  flanking: true,
  nests: (before, after) =>
    /(?:^|[\s!-/:-@[-`{-~])$/.test(before.slice(-1)) && /^(?:$|[\s!-/:-@[-`{-~])/.test(after),
  takesAddress: isLink,
  autolink: (address) => {
    if (!isLink(address)) return undefined;
    return HAS_SCHEME.test(address) ? `<${address}>` : `[${escapeMarks(address)}](${address})`;
  },
  image: (description, address) => `![${description.replaceAll('|', BAR)}](${address})`,
  code: (text, language) => fenced(text, RENDERED.test(language) ? '' : language),
  bullet: (number, { second }) =>
    number === undefined ? (second ? '* ' : '- ') : `${number}${second ? ')' : '.'} `,
  indentation: (bullet) => bullet.length,
  emptyItem: '',
  beginsItem: () => true,
  between: () => undefined,
});

/** Behind a bar in an image's description stand size and kind, and a backslash before it changes nothing. */
const BAR = '&verbar;';
const LONGEST_DESCRIPTION = 4_096;

function inDescription(before: string): boolean {
  const [, ...last] = before.slice(-LONGEST_DESCRIPTION).split('![').slice(-2);
  return last.some((text) => !/(?<!\\)\]/.test(text));
}

const HAS_SCHEME = /^[a-z][a-z\d+.-]+:/i;
/** Plugins and themes draw what code in these languages says. */
const RENDERED = /^(?:mermaid|math|latex|graphviz|dot)$/i;

/** markdown-it shows the source of a link to the others. */
function isLink(url: string): boolean {
  return url !== '' && !/^\s*(?:javascript|vbscript|file|data):/i.test(url);
}

/** Between letters an underscore is none of CommonMark's marks, and a user's name may have one. */
const LOOSE_UNDERSCORE = /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

/** A bracket covers links, images and BBCode. */
function escapeMarks(text: string): string {
  return text
    .replace(/[\\`*[\]]/g, '\\$&')
    .replace(LOOSE_UNDERSCORE, '\\_')
    .replace(/&(?=#?\w*[;\uFDD0])/g, '&amp;')
    .replaceAll('<', '&lt;');
}

function keepAddress(url: string): string {
  return encodeAddress(url, /[*`[\]\\]/g).replace(LOOSE_UNDERSCORE, '%5F');
}

/** A mention, a hashtag, an emoji, an address begins with each of these; the joiner behind it parts it from its name. */
const BEGINNINGS = /[@#]|:(?!\s)|\/(?=\/)|\.(?=\p{L})/gu;

/** Between a mail address's name and its `@`: newer engines take a joiner for a part of the domain. */
const MAIL = /(?<=\S)(?=@)/gu;
const ENDS_IN_NAME = /\S$/u;

function strangersWords(text: string, { before, after }: Place): string {
  const bar = inDescription(before) ? BAR : '\\|';
  const slash = before.endsWith('/') && text.startsWith('/') ? JOINER : '';
  const mail = text.startsWith('@') && ENDS_IN_NAME.test(before) ? JOINER : '';
  const parted = slash + mail + text.replace(MAIL, JOINER).replace(BEGINNINGS, `$&${JOINER}`);
  const whole = /\.$/.test(parted) && /^[\p{L}\uFDD0]/u.test(after) ? parted + JOINER : parted;
  return whole
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[\\`*_[\]~$#]/g, '\\$&')
    .replaceAll('|', bar);
}
