import { ADDRESS, addressPart, openAddress } from './address.ts';
import { joinLines } from './layout.ts';
import { JOINER } from './marks.ts';
import type { Place } from './template.ts';

/** Writes words so that they stay words when Markdown is read. */

/** What differs between the platforms' flavours of Markdown. */
export interface Flavour {
  /** The application's own words within a line: marks in them do not work, mentions and addresses do. */
  words(text: string, marked: boolean): string;
  /** Words from outside within a line: marks, mentions, commands and addresses in them do not work. */
  strangersWords(text: string, place: Place): string;
  /** A character that would begin a block, written so that it does not. */
  literal(char: string): string;
  /** Matches the end of a text that a value after it would complete to a mention or a command. */
  opening: RegExp;
}

const LINE_ENDS = /[\r\n\v\f\u0085\u2028\u2029]+/;
const BLOCK_MARK = /^([-+=>]|#{1,6}(?=[\s\uFDD0]|$)|~{3,}|_(?=[ \t]*_[ \t]*_[ \t_]*$)|\d+[.)])/;
const HEADLINE = /(?:^|\n)[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?#{1,6}[ \t][^\n]*$/;

/** The beginning of a line in which a number could still count a list's items. */
const NOTHING_BUT_MARKS = /^(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*\d*$/;

/** Keeps lines from beginning with what would make them a list, a quote, a headline or code. */
export function plainLines(text: string, { literal }: Pick<Flavour, 'literal'>): string {
  return text
    .split('\n')
    .map((line) => {
      const start = line.trimStart();
      const mark = BLOCK_MARK.exec(start)?.[0];
      if (mark === undefined) return start;
      // Of a list's number the digits are not the mark.
      const at = mark.search(/\D/);
      return start.slice(0, at) + literal(start.charAt(at)) + start.slice(at + 1);
    })
    .join('\n');
}

/** The application's own words: `plain` removes the meaning of marks, and addresses stay addresses. */
export function aroundAddresses(
  text: string,
  plain: (text: string) => string,
  keep: (address: string) => string,
): string {
  let out = '';
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    out += plain(text.slice(end, match.index)) + keep(match[0]);
    end = match.index + match[0].length;
  }
  return out + plain(text.slice(end));
}

/** Writes a value for its place. */
export function plainValue(value: string, place: Place, flavour: Flavour): string {
  const address = openAddress(place);
  if (address !== undefined) return addressPart(address, value);
  const lines = joinLines(value, LINE_ENDS, staysOnLine(place) ? ' ' : '\n').replace(/\n[ \t]*$/, ' ');
  // White space after white space says nothing in Markdown, and four in a row at a line's start are code.
  const text = /^\s?$/.test(place.before.slice(-1)) ? lines.trimStart() : lines.replace(/^[ \t]+/, ' ');
  const plain = plainLines(flavour.strangersWords(text, place), flavour);
  const started = text.startsWith(' ') ? ` ${plain}` : plain;
  const parted = flavour.opening.test(lastLine(place.before)) ? `${JOINER}${started}` : started;
  return hugged(exclaimed(notCounted(seen(parted, place), text, place), place, flavour), place);
}

const LONGEST_LINE = 4_096;

/** Whether the line ends its block: a headline, a row of a table. */
function staysOnLine({ before, after, oneLine }: Place): boolean {
  const line = lastLine(before);
  return (
    oneLine || HEADLINE.test(line) || line.includes('|') || /^[^\n]*\|/.test(after.slice(0, LONGEST_LINE))
  );
}

/** An invisible value must not let the words after it begin a block. */
function seen(text: string, { before, after }: Place): string {
  const begins = text.trim() === '' && NOTHING_BUT_MARKS.test(lastLine(before));
  return begins && BLOCK_MARK.test(after.slice(0, LONGEST_LINE).trimStart()) ? JOINER : text;
}

function lastLine(text: string): string {
  return text.slice(Math.max(text.lastIndexOf('\n') + 1, text.length - LONGEST_LINE));
}

/** `{{ n }}. first` must not become the number of a list, nor `2{{ v }}` by a value that begins with a point. */
function notCounted(plain: string, text: string, { before, after }: Place): string {
  const numbers = /\d$/.test(text) && /^[.)]/.test(after) && NOTHING_BUT_MARKS.test(lastLine(before + text));
  if (numbers) return `${plain.slice(0, -1)}&#${plain.charCodeAt(plain.length - 1)};`;
  const counts =
    /^[.)]/.test(plain) && /\d/.test(before.slice(-1)) && NOTHING_BUT_MARKS.test(lastLine(before));
  return counts ? `&#${plain.charCodeAt(0)};${plain.slice(1)}` : plain;
}

const ENDS_IN_LETTER = /[\p{L}\p{N}\u2060]$/u;
const BEGINS_WITH_LETTER = /^[\p{L}\p{N}\u2060]/u;

/** Marks must touch a letter, or they may be shown literally. */
function hugged(text: string, { before, after }: Place): string {
  const opened = before.endsWith('*') && text !== '' && !BEGINS_WITH_LETTER.test(text);
  const start = opened ? JOINER + text : text;
  const closed = after.startsWith('*') && !ENDS_IN_LETTER.test(before.slice(-2) + start);
  return closed ? start + JOINER : start;
}

/** No `!` makes an image of the link behind it. */
function exclaimed(text: string, { after }: Place, { literal }: Flavour): string {
  const last = text.endsWith('!') && !text.endsWith(literal('!')) && BEFORE_LINK.test(after);
  return last ? text.slice(0, -1) + literal('!') : text;
}

/** Other values may be empty. */
const BEFORE_LINK = /^(?:\uFDD0l?\d+\uFDD1)*\[/;
