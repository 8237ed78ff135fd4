import { ADDRESS, encodeAddress, REFERENCE } from '../address.ts';

/**
 * Kongregate documents no escape, strips whatever looks like a tag, and reads `*` and `_` anywhere as marks. So the
 * characters that could be markup are replaced by ones that read the same. A zero-width character beside them would
 * not do: neither a tag stripper nor a search for `_…_` minds one. The replacements have no compatibility
 * decomposition, so that a platform that normalises text (NFKC) does not turn them back, as it would the full-width
 * forms.
 */
const LOOK_ALIKE: Readonly<Record<string, string>> = {
  '<': '‹', // U+2039 SINGLE LEFT-POINTING ANGLE QUOTATION MARK
  '*': '∗', // U+2217 ASTERISK OPERATOR
  _: 'ˍ', // U+02CD MODIFIER LETTER LOW MACRON
};

const MARKUP = /[<*_]/g;

/** Plain words, in which nothing is markup; addresses among them keep working. */
export function kongregateText(text: string): string {
  if (!text.includes('://')) return replaceMarkup(text);
  let out = '';
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    out += replaceMarkup(text.slice(end, match.index)) + encodeAddress(match[0], /[*_]/g);
    end = match.index + match[0].length;
  }
  return out + replaceMarkup(text.slice(end));
}

/** The address of a link. */
export function kongregateUrl(url: string): string {
  return encodeAddress(url, /[\s<>*_()]/g);
}

/** What would read as a character reference gets a WORD JOINER behind its ampersand: `&lt;` stays `&lt;`. */
export function withoutReferences(text: string): string {
  return text.includes('&') ? text.replace(REFERENCE, '&\u2060$1;') : text;
}

function replaceMarkup(text: string): string {
  return text.replace(MARKUP, (char) => LOOK_ALIKE[char] ?? char);
}
