import type { MarkdownIt } from 'markdown-it';

/**
 * An address among words is found before marks are, as in GFM's autolinks, so that `https://example.com/_a_?b=*2*`
 * keeps its characters. It stays words, because each platform links it in its own way.
 */
export function keepBareAddresses(parser: MarkdownIt): void {
  // The parser stops at each colon, and not at the letters before it.
  parser.inline.ruler.before('linkify', 'bare_address', (state, silent) => {
    const { src, pos, posMax } = state;
    if (!src.startsWith('://', pos) || !SCHEME.test(src.slice(Math.max(0, pos - 6), pos))) return false;
    let end = pos + 3;
    while (end < posMax && !END.test(src.charAt(end))) end += 1;
    while (end > pos + 3 && PUNCTUATION.test(src.charAt(end - 1)) && !isSpecial(src, end)) end -= 1;
    if (!silent) state.pending += parser.utils.unescapeAll(src.slice(pos, end));
    state.pos = end;
    return true;
  });
}

const SCHEME = /(?:^|[^a-z\d])https?$/i;
const END = /[\s<>"`[\]]/;
/** What often stands behind an address, and marks around it: part of it only where more follows. */
const PUNCTUATION = /[?!.,:;*_~'")]/;

/** The last character before `end` belongs to an escape or a character reference. */
function isSpecial(src: string, end: number): boolean {
  return /(?:^|[^\\])(?:\\\\)*\\.$|&#?\w{1,32};$/s.test(src.slice(Math.max(0, end - 40), end));
}
