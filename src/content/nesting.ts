import { ContentError } from './content.ts';

/**
 * Markdown whose nesting no person writes is refused before it is parsed: the parser's time grows with the square of
 * what is open at once, and whoever walks its tree needs a stack as deep. One pass over the text, which counts too much
 * rather than too little.
 */

/** Columns of block markers, and of indentation before the last of them, that one line may begin with. */
const MOST_MARKERS = 64;
/** Emphasis, or brackets, that may be open at once in one paragraph. */
const MOST_OPEN = 100;
/** Runs of emphasis marks, and brackets, in one paragraph: each is compared with those before it. */
const MOST_MARKS = 1_500;

/** A line's quotes, bullets and numbers. A bullet needs white space behind it: `---` is none. */
const MARKERS = /^[ \t]*(?:(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))[ \t]*)+/gm;
/** What ends a paragraph for certain: a line without words, and one that begins with a bullet. */
const PARAGRAPH_END = /\n[ \t]*(?=\n)|\n {0,3}[-+*][ \t]+(?=\S)/;
const MARKS = /\\.|([*_])\1*|[[\]]/gsu;

/** Throws ContentError. */
export function checkNesting(markdown: string, field = 'content'): void {
  for (const [markers] of markdown.matchAll(MARKERS)) {
    if (columns(markers.trimEnd()) > MOST_MARKERS) refuse(field, 'a line begins with too many block markers');
  }
  for (const paragraph of markdown.replace(/\r\n?/g, '\n').split(PARAGRAPH_END)) checkMarks(paragraph, field);
}

/** A tab reaches to the next fourth column at most. */
const columns = (markers: string): number => markers.length + 3 * (markers.split('\t').length - 1);

function checkMarks(paragraph: string, field: string): void {
  const open = { '*': 0, _: 0, '[': 0 };
  let count = 0;
  for (const { 0: mark, 1: kind, index } of paragraph.matchAll(MARKS)) {
    if (mark.startsWith('\\')) continue;
    count += 1;
    if (mark === '[') open['['] += 1;
    else if (mark === ']') open['['] = Math.max(0, open['['] - 1);
    else if (kind === '*' || kind === '_') {
      const closes = index > 0 && /\S/.test(paragraph.charAt(index - 1)) && open[kind] > 0;
      const opens = /\S/.test(paragraph.charAt(index + mark.length));
      if (closes) open[kind] = Math.max(0, open[kind] - mark.length);
      else if (opens) open[kind] += mark.length;
    }
    if (open['*'] + open._ > MOST_OPEN || open['['] > MOST_OPEN)
      refuse(field, 'too much is nested in a paragraph');
    if (count > MOST_MARKS) refuse(field, 'a paragraph has too many marks');
  }
}

function refuse(field: string, problem: string): never {
  throw new ContentError(field, problem);
}
