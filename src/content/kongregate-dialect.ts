import { kongregateText, kongregateUrl, withoutReferences } from './kongregate-text.ts';
import { type Dialect, type Visitor, visit } from './render.ts';
import type { ContentNode } from './tree.ts';

/**
 * Kongregate's private messages know `*bold*` and `_italics_`, and HTML is stripped (its API documentation). The rest
 * of Markdown becomes text that reads the same: `label (address)`, lists and quotes as one would type them.
 */
export const kongregateDialect: Dialect = {
  render: (root) => withoutReferences(blocks(root.children, OUTSIDE)),
};

/** Which of the two marks are open: opening one twice would close it. */
interface Marks {
  bold: boolean;
  italic: boolean;
}

const OUTSIDE: Marks = { bold: false, italic: false };

const visitor: Visitor<Marks> = {
  paragraph: (node, marks) => inline(node.children, marks),
  heading: (node, marks) => bold(node.children, marks),
  thematicBreak: () => '———',
  blockquote: (node, marks) => indent(blocks(node.children, marks), '> ', '> '),
  code: (node) => kongregateText(node.value),
  list: (node, marks) =>
    node.children
      .map((item, index) => {
        const bullet = node.ordered === true ? `${(node.start ?? 1) + index}. ` : '- ';
        return indent(visit(visitor, item, marks), bullet, ' '.repeat(bullet.length));
      })
      .join(node.spread === true ? '\n\n' : '\n'),
  listItem: (node, marks) => blocks(node.children, marks, node.spread === true ? '\n\n' : '\n'),
  html: (node) => readHtml(node.value),

  text: (node) => kongregateText(node.value),
  strong: (node, marks) => bold(node.children, marks),
  emphasis: (node, marks) => {
    const text = inline(node.children, { ...marks, italic: true });
    return marks.italic ? text : wrap(text, '_');
  },
  inlineCode: (node) => `\`${kongregateText(node.value)}\``,
  break: () => '\n',
  link: (node, marks) => withAddress(inline(node.children, marks), node.url),
  image: (node) => withAddress(kongregateText(node.alt ?? ''), node.url),
};

function inline(nodes: readonly ContentNode[], marks: Marks): string {
  return nodes.map((node) => visit(visitor, node, marks)).join('');
}

function blocks(nodes: readonly ContentNode[], marks: Marks, between = '\n\n'): string {
  return nodes
    .map((node) => visit(visitor, node, marks))
    .filter((text) => text.trim() !== '')
    .join(between);
}

function bold(nodes: readonly ContentNode[], marks: Marks): string {
  const text = inline(nodes, { ...marks, bold: true });
  return marks.bold ? text : wrap(text, '*');
}

/** Marks each line by itself and hugs its words: whether a mark may reach over a line's end is not documented. */
function wrap(text: string, mark: string): string {
  return text.replace(/\S.*\S|\S/g, (words) => `${mark}${words}${mark}`);
}

function indent(text: string, first: string, rest: string): string {
  return text
    .split('\n')
    .map((line, index) => (index === 0 ? `${first}${line}` : line === '' ? rest.trimEnd() : `${rest}${line}`))
    .join('\n');
}

/** `label (address)`; the address alone where the label repeats it or says nothing. */
function withAddress(label: string, url: string): string {
  const address = kongregateUrl(url);
  if (label.trim() === '' || label === address) return address;
  return address === '' || address === `mailto:${label}` ? label : `${label} (${address})`;
}

/**
 * What looks like HTML to the parser may be plain words (`<player>`), so it is shown, not lost: only a comment is
 * left out, and a line break breaks the line.
 */
function readHtml(html: string): string {
  const shown = html.replace(/<!--.*?-->/gs, '').replace(/<br\s*\/?>/gi, '\n');
  return kongregateText(shown).replaceAll('>', '›');
}
