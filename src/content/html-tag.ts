/** The tag that HTML ends within, read as browsers read it (the HTML standard, 13.2.5). */
export interface OpenTag {
  /** Whose value is being written, in lower case; undefined elsewhere in the tag. */
  attribute?: string;
  /** Its value as far as it is written. */
  value: string;
  /** Whether it stands in quotes. */
  quoted: boolean;
}

/** A tag's name may be the place of a value. */
const BEGIN = /<(?:!--|\/?(?:$|[a-z\uFDD0][^\t\n\f\r />]*))/gi;
const COMMENT_END = /--!?>/g;
/** A slash parts attributes like a blank, and behind a quoted value none is needed. */
const ATTRIBUTE = /[\t\n\f\r /]*([^\t\n\f\r />]?[^\t\n\f\r />=]*)[\t\n\f\r ]*(?:(=)[\t\n\f\r ]*(["']?))?/y;
const UNQUOTED = /[^\t\n\f\r >]*/y;

/**
 * How far a text was read: between tags, or between the attributes of one. The next place's text begins with it, so that
 * all of a content's places take one reading.
 */
let read = { html: '', at: 0, inTag: false };

/** @param html the application's own, with the places of values open: escaped, these begin and end nothing */
export function openTag(html: string): OpenTag | undefined {
  // Compared as a whole, which takes a fraction of what `startsWith` does.
  if (html.slice(0, read.html.length) !== read.html) read = { html: '', at: 0, inTag: false };
  read.html = html;
  for (;;) {
    if (read.inTag) {
      const open = readTag(html);
      if (open) return open;
    }
    const begin = find(BEGIN, html, read.at);
    // What may become a tag's beginning is read again.
    read.at = begin?.index ?? Math.max(read.at, html.length - '<!-'.length);
    if (!begin) return undefined;
    const isComment = begin[0] === '<!--';
    const end = isComment ? find(COMMENT_END, html, begin.index + '<!'.length) : begin;
    if (!end) return undefined;
    const at = end.index + end[0].length;
    if (!isComment && at === html.length) return { value: '', quoted: false };
    read = { html, at, inTag: !isComment };
  }
}

/** Reads on to the tag's end, and answers with the tag if the text ends before. */
function readTag(html: string): OpenTag | undefined {
  while (html.charAt(read.at) !== '>') {
    const [all, name = '', equals, quote = ''] = find(ATTRIBUTE, html, read.at)!;
    let at = read.at + all.length;
    if (equals !== undefined) {
      const begin = at;
      const end = quote === '' ? begin + find(UNQUOTED, html, begin)![0].length : html.indexOf(quote, begin);
      if (end === -1 || (quote === '' && end === html.length))
        return { attribute: name.toLowerCase(), value: html.slice(begin), quoted: quote !== '' };
      at = end + quote.length;
    }
    if (at === html.length) return { value: '', quoted: false };
    read.at = at;
  }
  read = { html, at: read.at + 1, inTag: false };
  return undefined;
}

function find(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(text);
}
