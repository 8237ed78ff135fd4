import { markdownAddress } from '../address.ts';
import { indent, joinLines } from '../layout.ts';
import { type MarkRules, type Marks, NO_MARKS, type Segment, writeMarks } from '../marks.ts';
import { type Flavour, plainLines, plainValue } from '../plain-words.ts';
import { type Dialect, type Visitor, visit } from '../render.ts';
import { onOneLine } from '../template.ts';
import { type ContentNode, isItself } from '../tree.ts';

/** The context of a node. */
export interface Position {
  /** Within bold or italic. */
  marked: boolean;
  /** Inside the label of a link, where no other link may be. */
  label: boolean;
  /** In a list or a quote. */
  nested: boolean;
  /** After another list of its kind, which it must not become part of. */
  second: boolean;
}

/** What differs between the platforms' flavours of Markdown. */
export interface MarkdownFlavour extends Flavour, MarkRules {
  lineBreak: string;
  /** Whether bold and italic work within the label of a link. */
  marksInLabels: boolean;
  /** Whether the platform makes a link to this address; otherwise only its label is written. */
  takesAddress(url: string): boolean;
  /** An address by itself, where it can be a link. */
  autolink(address: string): string | undefined;
  image(description: string, address: string, position: Position): string;
  code(text: string, language: string, position: Position): string;
  /** The mark before an item, with its number if the list is ordered. */
  bullet(number: number | undefined, position: Position): string;
  /** How far the later lines of an item are indented. */
  indentation(bullet: string): number;
  /** Written in place of the beginning of an item if it has none that works. */
  emptyItem: string;
  beginsItem(node: ContentNode): boolean;
  /** A paragraph that keeps two blocks apart. */
  between(previous: ContentNode, next: ContentNode, position: Position): string | undefined;
}

const PAGE: Position = { marked: false, label: false, nested: false, second: false };

/** Writes the tree as Markdown again, for platforms that read their own flavour of it. */
export function markdownDialect(flavour: MarkdownFlavour): Dialect {
  const writer = { flavour, visitor: createVisitor(flavour) };
  return {
    render: (root) => blocks(writer, root.children, PAGE),
    escapeValue: (value, place) => plainValue(value, place, flavour),
  };
}

interface Writer {
  flavour: MarkdownFlavour;
  visitor: Visitor<Position>;
}

function createVisitor(flavour: MarkdownFlavour): Visitor<Position> {
  const inline = (nodes: readonly ContentNode[], position: Position): string =>
    writeMarks(segments(writer, nodes, NO_MARKS, position), flavour);
  const within = (nodes: readonly ContentNode[], position: Position, tight = false): string =>
    blocks(writer, nodes, { ...position, nested: true, second: false }, tight);
  const visitor: Visitor<Position> = {
    paragraph: (node, position) => paragraph(inline(node.children, position), flavour),
    heading: (node, position) => headline(node.depth, inline(node.children, position), flavour),
    // The other rule could be an item's bullet, or underline a headline.
    thematicBreak: (_, { nested }) => (nested ? '___' : '---'),
    blockquote: (node, position) => {
      const text = within(node.children, position);
      return text === '' ? '' : indent(text, '> ', '> ');
    },
    code: (node, position) => flavour.code(node.value, node.lang ?? '', position),
    list: (node, position) => {
      const items = node.children.map((item, index) => {
        const number = node.ordered === true ? (node.start ?? 1) + index : undefined;
        const bullet = flavour.bullet(number, position);
        return indent(visit(visitor, item, position), bullet, ' '.repeat(flavour.indentation(bullet)));
      });
      return items.join(node.spread === true ? '\n\n' : '\n');
    },
    listItem: (node, position) => {
      const [first] = node.children;
      const text = within(node.children, position, node.spread !== true);
      if (text !== '' && first !== undefined && flavour.beginsItem(first)) return text;
      return text === '' ? flavour.emptyItem : `${flavour.emptyItem}\n\n${text}`;
    },
    html: (node, { marked }) => flavour.words(node.value, marked),

    text: (node, { marked }) => flavour.words(node.value, marked),
    strong: (node, position) => inline([node], position),
    emphasis: (node, position) => inline([node], position),
    inlineCode: (node) => codeSpan(node.value),
    break: () => flavour.lineBreak,
    link: (node, position) => {
      const label = inline(node.children, { ...position, label: true });
      const address = markdownAddress(node.url);
      const alone = label.trim() === '' || isItself(node.children, node.url);
      if (alone) return flavour.autolink(address) ?? label;
      return flavour.takesAddress(node.url) ? `[${oneLine(label)}](${address})` : label;
    },
    image: (node, position) => {
      const description = oneLine(flavour.words(node.alt ?? '', position.marked));
      if (!flavour.takesAddress(node.url)) return description;
      return flavour.image(description, markdownAddress(node.url), position);
    },
  };
  const writer = { flavour, visitor };
  return visitor;
}

const oneLine = (text: string): string => onOneLine(text).replace(/\\?\n/g, ' ');

/** Words with their marks. In a label that allows no marks, they are only words. */
function segments(
  writer: Writer,
  nodes: readonly ContentNode[],
  marks: Marks,
  position: Position,
): Segment[] {
  const known = !position.label || writer.flavour.marksInLabels;
  const here = { ...position, marked: marks.bold || marks.italic };
  return nodes.flatMap((node) => {
    if (node.type === 'strong') return segments(writer, node.children, { ...marks, bold: known }, position);
    if (node.type === 'emphasis')
      return segments(writer, node.children, { ...marks, italic: known }, position);
    const { bold, italic } = node.type === 'break' ? NO_MARKS : marks;
    return { text: visit(writer.visitor, node, here), bold, italic };
  });
}

function blocks(
  { flavour, visitor }: Writer,
  nodes: readonly ContentNode[],
  position: Position,
  tight = false,
): string {
  let out = '';
  let previous: ContentNode | undefined;
  let second = false;
  for (const node of nodes) {
    second = previous !== undefined && continues(previous, node) && !second;
    const written = visit(visitor, node, { ...position, second });
    // HTML among blocks is a paragraph of words.
    const text = node.type === 'html' ? paragraph(written, flavour) : written;
    if (text.trim() === '') continue;
    if (previous !== undefined) {
      const wall = flavour.between(previous, node, position);
      out += tight && interrupts(previous, node) ? '\n' : '\n\n';
      if (wall !== undefined) out += `${wall}\n\n`;
    }
    out += text;
    previous = node;
  }
  return out;
}

/** Whether Markdown would take the second list for a part of the first. */
export function continues(previous: ContentNode, next: ContentNode): boolean {
  return previous.type === 'list' && next.type === 'list' && previous.ordered === next.ordered;
}

/** Whether the list may follow the paragraph's last line (CommonMark, list items). */
function interrupts(previous: ContentNode, next: ContentNode): boolean {
  if (previous.type !== 'paragraph' || next.type !== 'list') return false;
  const first = next.children[0];
  const counted = next.ordered === true && (next.start ?? 1) !== 1;
  return !counted && first?.type === 'listItem' && first.children[0]?.type === 'paragraph';
}

/** Blank lines would end it. */
function paragraph(text: string, flavour: MarkdownFlavour): string {
  return plainLines(text.trim().replace(/\n\s*\n/g, '\n'), flavour);
}

/** A headline is one line, and number signs at its end would be read as part of the mark. */
function headline(depth: number, text: string, { literal }: Pick<Flavour, 'literal'>): string {
  const line = oneLine(text).replace(/#$/, literal);
  return line.trim() === '' ? '' : `${'#'.repeat(depth)} ${line}`;
}

/** Longer than any run of backticks within, so that nothing in it can end it. */
function fenceFor(text: string, least: number): string {
  const runs = text.match(/`+/g) ?? [];
  return '`'.repeat(Math.max(least, ...runs.map((run) => run.length + 1)));
}

const LANGUAGE = /^[\w+#.-]+$/;

/** Code as a block of its own. A lone carriage return ends a line as well, and the block if it is not indented. */
export function fenced(text: string, language: string): string {
  const lines = text.replace(/\r\n?/g, '\n');
  const fence = fenceFor(lines, 3);
  return `${fence}${LANGUAGE.test(language) ? language : ''}\n${lines}\n${fence}`;
}

function codeSpan(text: string): string {
  const line = joinLines(text, /[\r\n]+/, ' ');
  if (line.trim() === '') return '';
  const fence = fenceFor(line, 1);
  const space = /^`|`$|^ .* $/.test(line) ? ' ' : '';
  return `${fence}${space}${line}${space}${fence}`;
}
