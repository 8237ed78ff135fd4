import { indent, stack, wrap } from '../layout.ts';
import { type Marks, NO_MARKS } from '../marks.ts';
import { type Dialect, type Visitor, visit } from '../render.ts';
import { type ContentNode, isItself } from '../tree.ts';
import { kongregateText, kongregateUrl, withoutReferences } from './kongregate-text.ts';

/**
 * Kongregate's private messages know `*bold*` and `_italics_`, and HTML is stripped (its API documentation). The rest
 * of Markdown becomes text that reads the same: `label (address)`, lists and quotes as one would type them.
 */
export const kongregateDialect: Dialect = {
  render: (root) => withoutReferences(blocks(root.children, NO_MARKS)),
};

const visitor: Visitor<Marks> = {
  paragraph: (node, marks) => inline(node.children, marks),
  heading: (node, marks) => bold(node.children, marks),
  thematicBreak: () => '———',
  blockquote: (node, marks) => quoted(node.children, marks),
  code: (node) => kongregateText(node.value),
  list: (node, marks) =>
    node.children
      .map((item, index) => {
        const bullet = node.ordered === true ? `${(node.start ?? 1) + index}. ` : '- ';
        return indent(visit(visitor, item, marks), bullet, ' '.repeat(bullet.length));
      })
      .join(node.spread === true ? '\n\n' : '\n'),
  listItem: (node, marks) => blocks(node.children, marks, node.spread === true ? '\n\n' : '\n'),
  html: (node) => kongregateText(node.value).replaceAll('>', '›'),

  text: (node) => kongregateText(node.value),
  strong: (node, marks) => bold(node.children, marks),
  emphasis: (node, marks) => {
    const text = inline(node.children, { ...marks, italic: true });
    return marks.italic ? text : wrap(text, '_');
  },
  inlineCode: (node) => `\`${kongregateText(node.value)}\``,
  break: () => '\n',
  link: (node, marks) =>
    withAddress(isItself(node.children, node.url) ? '' : inline(node.children, marks), node.url),
  image: (node) => withAddress(kongregateText(node.alt ?? ''), node.url),
};

function inline(nodes: readonly ContentNode[], marks: Marks): string {
  return nodes.map((node) => visit(visitor, node, marks)).join('');
}

function blocks(nodes: readonly ContentNode[], marks: Marks, between = '\n\n'): string {
  return stack(
    nodes.map((node) => visit(visitor, node, marks)),
    between,
  );
}

/** A quote that is all of another one is written together with it: a text of many lines in twenty quotes would be gone through twenty times. */
function quoted(nodes: readonly ContentNode[], marks: Marks, mark = '> '): string {
  const [first] = nodes;
  if (nodes.length === 1 && first?.type === 'blockquote') return quoted(first.children, marks, `${mark}> `);
  return indent(blocks(nodes, marks), mark, mark);
}

function bold(nodes: readonly ContentNode[], marks: Marks): string {
  const text = inline(nodes, { ...marks, bold: true });
  return marks.bold ? text : wrap(text, '*');
}

/** `label (address)`; the address alone where the label repeats it or says nothing. */
function withAddress(label: string, url: string): string {
  const address = kongregateUrl(url);
  if (label.trim() === '') return address;
  return address === '' || address === `mailto:${label}` ? label : `${label} (${address})`;
}
