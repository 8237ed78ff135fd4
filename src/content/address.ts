import { ContentError } from './content.ts';
import { type OpenTag, openTag } from './html-tag.ts';
import type { Place } from './template.ts';

/** URLs within text: how they are encoded, and what a value may do in them. */

/** What reads as a character reference in HTML and Markdown. */
export const REFERENCE = /&(#?\w+);/g;

/** An address as people write it into a text. */
export const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/gi;

/** Percent-encoding keeps an address equivalent (RFC 3986, 6.2.2.2): it can be copied and opened. */
export function encodeAddress(url: string, chars: RegExp): string {
  return url.replace(REFERENCE, '&$1%3B').replace(chars, percentEncode);
}

/** Fit for `[label](here)` in every Markdown: no white space, no bracket, nothing that ends it early. */
export function markdownAddress(url: string): string {
  return encodeAddress(url, /[\s<>()[\]\\`"'*^]|\$(?=\$)/g);
}

/** `encodeURIComponent` leaves `*`, `_`, quotes and parentheses as they are. */
function percentEncode(char: string): string {
  const code = char.charCodeAt(0);
  return code < 0x80 ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : encodeURIComponent(char);
}

const HOST_THEN_MORE = /^(?:https?:\/\/[^/?#]+[/?#]|mailto:)/i;
/** No real address is longer, and the search for its beginning stays short. */
const LONGEST = 2_048;
const WORD_END = /[\s<>()[\]"'`]/;
/** A joiner behind it keeps a value's from being one. */
const SCHEME = /https?:\/\/|mailto:(?!\u2060)/i;

/**
 * A value within an address is one part of it: percent-encoded, and behind the host, since a value must not choose where
 * a link leads.
 * @param before the address up to the value
 * @throws ContentError for a value within scheme or host
 */
export function addressPart(before: string, value: string): string {
  if (!HOST_THEN_MORE.test(before)) {
    throw new ContentError('content', 'a placeholder in a link must come after the host');
  }
  return encodeURIComponent(value).replace(/[*_()!~']/g, percentEncode);
}

const TARGETS: ReadonlySet<string | undefined> = new Set([
  ...['href', 'src', 'action', 'formaction', 'data', 'xlink:href'],
]);
/** Of a tag that Markdown does not take for one, or that does not begin where it seems to. */
const HTML_TARGET = /<[a-z][^<>]*[\s/"'](?:href|src|action|formaction)\s*=\s*["']?([^\s<>()"']*)$/i;
const MARKDOWN_TARGET = /(?:(?<!\\)\]\(\s*<?|(?:^|\n) {0,3}\[[^\]\n]*\]:\s*<?)([^\s<>()"']*)$/;

/** What is written so far of the link's target that a tag ends within; undefined where it ends elsewhere. */
export const targetOf = (tag: OpenTag | undefined): string | undefined =>
  TARGETS.has(tag?.attribute) ? tag!.value.trimStart() : undefined;

/** The same for Markdown, where HTML may stand, and where an address among words is a link as well. */
export function openAddress({ before, own }: Pick<Place, 'before' | 'own'>): string | undefined {
  const text = before.slice(-LONGEST);
  // No tag goes on behind an empty line.
  const target = targetOf(openTag(own.slice(own.lastIndexOf('\n\n') + 1)));
  if (target !== undefined && !/\s/.test(target)) return target;
  return HTML_TARGET.exec(text)?.[1] ?? MARKDOWN_TARGET.exec(text)?.[1] ?? openWordAddress(text);
}

/** What is written so far of the address that the text ends within, words being all there is. */
export function openWordAddress(text: string): string | undefined {
  const word = lastWord(text.slice(-LONGEST));
  const at = word.search(SCHEME);
  return at === -1 ? undefined : word.slice(at);
}

/** Searches from the end: a pattern would start again at each character of a long word before it. */
function lastWord(text: string): string {
  let start = text.length;
  while (start > 0 && !WORD_END.test(text.charAt(start - 1))) start -= 1;
  return text.slice(start);
}
