import type { Paragraph, PhrasingContent, Root } from 'mdast';

/**
 * Most messages are a few paragraphs of words, some of them bold or in italics. Their tree is read here, since the
 * parser, which is prepared for everything, takes several times as long and as much memory. Where more than a glance is
 * needed, the parser is asked; a test holds the two to the same tree.
 */

/** Beyond it the parser's limits may hold. Characters. */
const LONGEST = 4_096;
/** Lines at which no block but a paragraph begins, and in which no mark stands but stars. None ends in white space. */
const CHARACTER = String.raw`[^\p{Cc}\\\x60_[\]<&]`;
const LINE = String.raw`(?:[\p{L}\uFDD0]|\*{1,2}[\p{L}\p{N}\uFDD0])(?:${CHARACTER}*(?!\s)${CHARACTER})?`;
const LINES = new RegExp(`^${LINE}(?:\n+${LINE})*$`, 'u');
/**
 * Words between stars of which the first can only open (no word before it, one behind it) and the second can only
 * close (a word before it, none behind it), whatever stands elsewhere.
 */
const MARKED = /(?<=^|[ \n])(\*{1,2})(?=[\p{L}\p{N}\uFDD0])([^*\n]*[\p{L}\p{N}\uFDD1])\1(?=$|[ \n.,:;!?)])/gu;

/** So many stars are not too many marks within marks for the parser. */
const FEW_STARS = 24;

/** Whether this is such a text, of which every dialect makes some words, and which is within the limits of the parser. */
export const isSimpleText = (text: string): boolean =>
  text.length <= LONGEST && LINES.test(text) && hasFewStars(text);

function hasFewStars(text: string): boolean {
  let stars = 0;
  for (let at = text.indexOf('*'); at !== -1; at = text.indexOf('*', at + 1)) stars += 1;
  return stars <= FEW_STARS;
}

/** The tree of CommonMark; undefined where the parser has to make it. */
export function readSimpleText(text: string): Root | undefined {
  if (text.length > LONGEST || !LINES.test(text)) return undefined;
  const children: Paragraph[] = [];
  for (const paragraph of text.includes('\n\n') ? text.split(/\n{2,}/) : [text]) {
    const phrases = readPhrases(paragraph);
    if (phrases === undefined) return undefined;
    children.push({ type: 'paragraph', children: phrases });
  }
  return { type: 'root', children };
}

function readPhrases(text: string): PhrasingContent[] | undefined {
  if (!text.includes('*')) return [words(text)];
  // Where an address ends, and whether a star is part of it, is for the parser to say.
  if (text.includes('://')) return undefined;
  const phrases: PhrasingContent[] = [];
  let end = 0;
  MARKED.lastIndex = 0;
  for (let match = MARKED.exec(text); match !== null; match = MARKED.exec(text)) {
    const [whole, mark, marked = ''] = match;
    if (match.index > end) phrases.push(words(text.slice(end, match.index)));
    phrases.push({ type: mark === '*' ? 'emphasis' : 'strong', children: [words(marked)] });
    end = match.index + whole.length;
  }
  if (end < text.length) phrases.push(words(text.slice(end)));
  const isRead = (phrase: PhrasingContent): boolean => phrase.type !== 'text' || !phrase.value.includes('*');
  return phrases.every(isRead) ? phrases : undefined;
}

const words = (value: string): PhrasingContent => ({ type: 'text', value });
