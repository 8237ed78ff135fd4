import { ContentError } from './content.ts';

/**
 * Markdown that would hold up its process is refused before it is parsed, however little of it there is. The parser
 * takes up to some 50 microseconds for each line, block and mark; some of these make it look for their end up to the end
 * of the paragraph, and do so again for the next; and quotes, lists and headlines one after the other cost the square of
 * their number. Whatever keeps to the two limits takes it a quarter of a second at most (`test/content/cost.test.ts`).
 */

/** Lines, block markers and marks in a text. */
const MOST_PIECES = 4_000;
/** Characters passed over in search of an end that may not come. */
const MOST_SEARCHED = 1_000_000;

const PIECES = /\r\n?|\n|\\[^\r\n]|([*_`])\1*|[[\]<>]|&(?=[#\w])|[-+](?=\s|$)|\d[.)](?=\s|$)/g;

/** What parts a paragraph from the next. */
const BLANK_LINE = /(?:\r\n?|\n)[ \t]*(?=[\r\n])/;
/** Code, HTML, the beginning of a link's address and of a title in it, an attribute, and what ends these two. */
const SEARCHES = /`+|<[!?]|<(?=[a-z])|\]\(|\s["'(]|=\s?["']|[>)]/gi;

/** Throws ContentError. */
export function checkCost(markdown: string, field = 'content'): void {
  if (countPieces(markdown) > MOST_PIECES) refuse(field, `has more than ${MOST_PIECES} lines and marks`);
  let searched = 0;
  for (const paragraph of markdown.split(BLANK_LINE)) {
    searched += searchedIn(paragraph);
    if (searched > MOST_SEARCHED) refuse(field, 'begins too much code, HTML or links that do not end');
  }
}

function countPieces(markdown: string): number {
  PIECES.lastIndex = 0;
  let count = 0;
  while (PIECES.test(markdown)) count += 1;
  return count;
}

function searchedIn(paragraph: string): number {
  let searched = 0;
  let within: 'tag' | 'link' | undefined;
  const runs: RegExpExecArray[] = [];
  for (const match of paragraph.matchAll(SEARCHES)) {
    const [mark] = match;
    if (mark.startsWith('`')) runs.push(match);
    else if (mark === '<') within = 'tag';
    else if (mark === '](') within = 'link';
    else if (mark === (within === 'tag' ? '>' : ')')) within = undefined;
    else if (isOpen(mark, within)) searched += endOf(mark, paragraph, match.index) - match.index;
  }
  return searched + searchedForCode(runs, paragraph.length);
}

/** A comment, or a quote within a link or a tag: each is looked through to its end. */
function isOpen(mark: string, within: 'tag' | 'link' | undefined): boolean {
  if (mark.startsWith('<')) return true;
  return mark.startsWith('=') ? within === 'tag' : within === 'link' && mark !== '>';
}

/** A title or an attribute ends with its next quote; the ends of the others are not worth telling apart. */
function endOf(mark: string, paragraph: string, index: number): number {
  const quote = mark.startsWith('<') ? undefined : mark.slice(-1).replace('(', ')');
  const end = quote === undefined ? -1 : paragraph.indexOf(quote, index + mark.length);
  return end === -1 ? paragraph.length : end;
}

/** A run of backticks is closed by the next one of its length. */
function searchedForCode(runs: readonly RegExpExecArray[], end: number): number {
  const next = new Map<number, number>();
  let searched = 0;
  for (const { 0: run, index } of runs.toReversed()) {
    searched += (next.get(run.length) ?? end) - index;
    next.set(run.length, index);
  }
  return searched;
}

function refuse(field: string, problem: string): never {
  throw new ContentError(field, problem);
}
