import { markdownAddress } from './address.ts';
import { ALL_MARKS, indent, joinLines, type Marks, NO_MARKS, stack, wrap } from './layout.ts';
import { type Flavour, plainLines, plainValue } from './plain-words.ts';
import { type Dialect, type Visitor, visit } from './render.ts';
import type { ContentNode } from './tree.ts';

/** Writes the tree as Markdown again, for platforms that read it: each has a flavour of its own. */
export function markdownDialect(flavour: Flavour): Dialect {
  const visitor = createVisitor(flavour);
  return {
    render: (root) => blocks(visitor, root.children, NO_MARKS),
    escapeValue: (value, place) => plainValue(value, place, flavour),
  };
}

function createVisitor(flavour: Flavour): Visitor<Marks> {
  const words = (text: string): string => flavour.words(text);
  const all = (nodes: readonly ContentNode[], marks: Marks) => inline(visitor, nodes, marks);
  const visitor: Visitor<Marks> = {
    paragraph: (node, marks) => plainLines(all(node.children, marks), flavour),
    heading: (node, marks) => headline(node.depth, all(node.children, marks), flavour),
    thematicBreak: () => '---',
    blockquote: (node, marks) => indent(blocks(visitor, node.children, marks), '> ', '> '),
    code: (node) => fenced(node.value, node.lang ?? ''),
    list: (node, marks) =>
      node.children
        .map((item, index) => {
          const bullet = node.ordered === true ? `${(node.start ?? 1) + index}. ` : '- ';
          return indent(visit(visitor, item, marks), bullet, ' '.repeat(bullet.length));
        })
        .join(node.spread === true ? '\n\n' : '\n'),
    listItem: (node, marks) => blocks(visitor, node.children, marks, node.spread === true ? '\n\n' : '\n'),
    html: (node) => plainLines(words(node.value), flavour),

    text: (node) => words(node.value),
    strong: (node, marks) => {
      const text = all(node.children, { ...marks, bold: true });
      return marks.bold ? text : wrap(text, '**');
    },
    emphasis: (node, marks) => {
      const text = all(node.children, { ...marks, italic: true });
      return marks.italic ? text : wrap(text, '*');
    },
    inlineCode: (node) => codeSpan(node.value),
    break: () => flavour.lineBreak,
    link: (node, marks) => {
      const label = all(node.children, flavour.marksInLabels ? marks : ALL_MARKS);
      const address = markdownAddress(node.url);
      if (label.trim() === '' || label === address) return flavour.autolink(address);
      return address === '' ? label : `[${label}](${address})`;
    },
    image: (node) => `${flavour.imageMark}[${words(node.alt ?? '')}](${markdownAddress(node.url)})`,
  };
  return visitor;
}

function inline(visitor: Visitor<Marks>, nodes: readonly ContentNode[], marks: Marks): string {
  return nodes.map((node) => visit(visitor, node, marks)).join('');
}

function blocks(
  visitor: Visitor<Marks>,
  nodes: readonly ContentNode[],
  marks: Marks,
  between = '\n\n',
): string {
  return stack(
    nodes.map((node) => visit(visitor, node, marks)),
    between,
  );
}

/** A headline is one line, and number signs at its end would be taken for a part of the mark. */
function headline(depth: number, text: string, { literal }: Flavour): string {
  const line = text.replaceAll('\n', ' ').replace(/#$/, literal);
  return `${'#'.repeat(depth)} ${line}`;
}

/** Longer than any run of backticks within, so that nothing in it can end it. */
function fenceFor(text: string, least: number): string {
  const runs = text.match(/`+/g) ?? [];
  return '`'.repeat(Math.max(least, ...runs.map((run) => run.length + 1)));
}

function fenced(text: string, language: string): string {
  const fence = fenceFor(text, 3);
  return `${fence}${/^[\w+#.-]+$/.test(language) ? language : ''}\n${text}\n${fence}`;
}

function codeSpan(text: string): string {
  const line = joinLines(text, /[\r\n]+/, ' ');
  if (line.trim() === '') return '';
  const fence = fenceFor(line, 1);
  const space = /^`|`$|^ .* $/.test(line) ? ' ' : '';
  return `${fence}${space}${line}${space}${fence}`;
}
