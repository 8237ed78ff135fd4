import { onOneLine } from './template.ts';

/**
 * Bold and italic in Markdown. Which stars open and close what depends on the characters around them, so the words are
 * first put into segments of the same marks, and then written with what keeps the stars apart.
 */

/** Which marks are open: opening one twice would close it. */
export interface Marks {
  bold: boolean;
  italic: boolean;
}

export const NO_MARKS: Marks = { bold: false, italic: false };

/** Words that are written already, and what they are to be. */
export interface Segment extends Marks {
  text: string;
}

export interface MarkRules {
  /** A character as itself. */
  literal(char: string): string;
  /** Whether marks may stand within others, directly between these words; else each segment gets its own. */
  nests(before: string, after: string): boolean;
  /** Whether stars beside words mark only what begins and ends with a letter or a digit (CommonMark's flanking). */
  flanking: boolean;
}

/** WORD JOINER: parts what must not be read as one, and is not seen. */
export const JOINER = '\u2060';

/** What is marked as a whole, between the stars that open and close it; without stars plain words. */
interface Piece {
  open: string;
  text: string;
  close: string;
}

/** A line's end is between marks, and so is the white space at their edges. */
export function writeMarks(segments: readonly Segment[], rules: MarkRules): string {
  if (!segments.some(isMarked)) return unmarked(segments, rules);
  const lines = merged(segments.flatMap(splitLines), rules);
  const pieces: Piece[] = [];
  for (let i = 0; i < lines.length; ) {
    const span = spanAt(lines, i);
    pieces.push(...spanPieces(span, rules));
    i += span.length;
  }
  return joined(pieces, rules);
}

/** Almost all are: words, and the labels of links. */
function unmarked(segments: readonly Segment[], rules: MarkRules): string {
  const parts: string[] = [];
  for (const { text } of segments) addApart(parts, text, rules);
  return parts.join('');
}

const plain = (text: string): Segment => ({ text, ...NO_MARKS });
const isMarked = ({ bold, italic }: Marks): boolean => bold || italic;

function splitLines(segment: Segment): Segment[] {
  if (!isMarked(segment)) return [segment];
  const text = onOneLine(segment.text);
  return text.split(/(\n)/).map((part) => (part === '\n' ? plain(part) : { ...segment, text: part }));
}

function merged(segments: readonly Segment[], rules: MarkRules): Segment[] {
  const out: (Marks & { parts: string[] })[] = [];
  for (const segment of segments) {
    const last = out.at(-1);
    if (segment.text === '') continue;
    if (last !== undefined && last.bold === segment.bold && last.italic === segment.italic) {
      addApart(last.parts, segment.text, rules);
    } else out.push({ ...segment, parts: [segment.text] });
  }
  return out.map(({ bold, italic, parts }) => ({ bold, italic, text: parts.join('') }));
}

/** The segments from here on that share a mark. */
function spanAt(segments: readonly Segment[], start: number): Segment[] {
  const reach = (mark: keyof Marks): number => {
    let end = start;
    while (segments[end]?.[mark]) end += 1;
    return end;
  };
  return segments.slice(start, Math.max(start + 1, reach('bold'), reach('italic')));
}

function spanPieces(span: readonly Segment[], rules: MarkRules): Piece[] {
  const [first] = span;
  if (first === undefined || !isMarked(first)) return span.map(({ text }) => ({ open: '', text, close: '' }));
  const outer = { bold: span.every(({ bold }) => bold), italic: span.every(({ italic }) => italic) };
  const inner = span.map((segment) => isMarked(within(segment, outer)));
  const nests = inner.every(
    (marked, i) => !marked || rules.nests(span[i - 1]?.text ?? '', span[i + 1]?.text ?? ''),
  );
  if (!nests) return span.flatMap((segment) => hugging(segment.text, stars(segment)));
  const parts = span.flatMap((segment, i) =>
    inner[i]
      ? hugging(segment.text, stars(within(segment, outer)))
      : [{ open: '', text: segment.text, close: '' }],
  );
  return hugging(joined(parts, { ...rules, flanking: false }), stars(outer));
}

const within = (segment: Segment, outer: Marks): Marks => ({
  bold: segment.bold && !outer.bold,
  italic: segment.italic && !outer.italic,
});

const stars = ({ bold, italic }: Marks): string => `${bold ? '**' : ''}${italic ? '*' : ''}`;

/** White space at the edges is left outside. */
function hugging(text: string, mark: string): Piece[] {
  const words = text.trim();
  const at = text.length - text.trimStart().length;
  const piece = words === '' ? [] : [{ open: mark, text: words, close: mark }];
  const space = (part: string): Piece[] => (part === '' ? [] : [{ open: '', text: part, close: '' }]);
  return [...space(text.slice(0, at)), ...piece, ...space(text.slice(at + words.length))];
}

const ENDS_IN_LETTER = /[\p{L}\p{N}]$/u;
const BEGINS_WITH_LETTER = /^[\p{L}\p{N}]/u;
/** A letter, or a place where one may come. */
const LETTER_BEFORE = /[\p{L}\p{N}\uFDD1\u2060]$/u;
const LETTER_AFTER = /^[\p{L}\p{N}\uFDD0\u2060]/u;

function joined(pieces: readonly Piece[], rules: MarkRules): string {
  const parts: string[] = [];
  for (const [i, { open, text, close }] of pieces.entries()) {
    const next = pieces[i + 1];
    const before = parts.at(-1)?.slice(-2) ?? '';
    const opens =
      rules.flanking && open !== '' && LETTER_BEFORE.test(before) && !BEGINS_WITH_LETTER.test(text);
    const closes =
      rules.flanking &&
      close !== '' &&
      LETTER_AFTER.test(next?.text ?? '') &&
      !ENDS_IN_LETTER.test(text.slice(-2));
    addApart(parts, `${open}${opens ? JOINER : ''}${text}${closes ? JOINER : ''}${close}`, rules);
  }
  return parts.join('');
}

/** An exclamation mark, behind it perhaps values that may be empty. */
const EXCLAMATION = /!((?:\uFDD0l?\d+\uFDD1)*)$/;
const PLACES_ONLY = /^(?:\uFDD0l?\d+\uFDD1)*$/;

/**
 * Neither two marks that touch, nor two codes, and no image out of a link. Only the parts that meet are looked at: who
 * looked at all of the text for each would take the square of their number.
 */
function addApart(parts: string[], text: string, { literal }: Pick<MarkRules, 'literal'>): void {
  if (text === '') return;
  const first = text.charAt(0);
  if (first === '[') {
    let at = parts.length - 1;
    while (at > 0 && PLACES_ONLY.test(parts[at] ?? '')) at -= 1;
    const part = parts[at];
    if (part !== undefined) parts[at] = part.replace(EXCLAMATION, `${literal('!')}$1`);
  }
  if ((first === '*' || first === '`') && parts.at(-1)?.endsWith(first)) parts.push(JOINER);
  parts.push(text);
}
