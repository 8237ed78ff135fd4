import { addressPart, openWordAddress, targetOf } from '../address.ts';
import { openTag } from '../html-tag.ts';
import { stack } from '../layout.ts';
import { type Dialect, type Visitor, visit } from '../render.ts';
import type { ContentNode } from '../tree.ts';

/** HTML for platforms that show it. Everything but the marks of the Markdown is escaped, including HTML in the Markdown. */
export const htmlDialect: Dialect = {
  render: (root) => blocks(root.children),
  escapeValue: (value, { own }) => {
    const tag = openTag(own);
    const target = targetOf(tag) ?? openWordAddress(own);
    const text = escapeHtml(target === undefined ? value : addressPart(target, value));
    const parted = tag !== undefined && !tag.quoted;
    return parted ? text.replace(PARTING, (char) => `&#${char.charCodeAt(0)};`) : text;
  },
};

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What ends a value that stands in a tag without quotes, or makes two attributes of one. */
const PARTING = /[\s=`]/g;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}

const withBreaks = (text: string): string => escapeHtml(text).replaceAll('\n', '<br>\n');

/** `tight`: the paragraphs of a list without blank lines stand by themselves. */
const visitor: Visitor<{ tight: boolean }> = {
  paragraph: (node, { tight }) => (tight ? inline(node.children) : `<p>${inline(node.children)}</p>`),
  heading: (node) => `<h${node.depth}>${inline(node.children)}</h${node.depth}>`,
  thematicBreak: () => '<hr>',
  blockquote: (node) => `<blockquote>\n${blocks(node.children)}\n</blockquote>`,
  code: (node) => `<pre><code>${escapeHtml(node.value)}\n</code></pre>`,
  list: (node) => {
    const tag = node.ordered === true ? 'ol' : 'ul';
    const start = node.ordered === true && (node.start ?? 1) !== 1 ? ` start="${node.start}"` : '';
    const tight =
      node.spread !== true && !node.children.some((item) => 'spread' in item && item.spread === true);
    const items = node.children.map((item) => visit(visitor, item, { tight }));
    return `<${tag}${start}>\n${items.join('\n')}\n</${tag}>`;
  },
  listItem: (node, context) => `<li>${blocks(node.children, context)}</li>`,
  html: (node) => withBreaks(node.value),

  text: (node) => escapeHtml(node.value),
  strong: (node) => `<strong>${inline(node.children)}</strong>`,
  emphasis: (node) => `<em>${inline(node.children)}</em>`,
  inlineCode: (node) => `<code>${escapeHtml(node.value)}</code>`,
  break: () => '<br>\n',
  link: (node) => {
    const label = inline(node.children);
    if (!isSafeAddress(node.url)) return label;
    const address = escapeHtml(node.url);
    return `<a href="${address}">${label.trim() === '' ? address : label}</a>`;
  },
  image: (node) => {
    const alt = escapeHtml(node.alt ?? '');
    return isSafeAddress(node.url) ? `<img src="${escapeHtml(node.url)}" alt="${alt}">` : alt;
  },
};

/** Excludes `javascript:` and the like. */
const isSafeAddress = (url: string): boolean => /^(?:https?:\/\/|mailto:)/i.test(url);

function inline(nodes: readonly ContentNode[]): string {
  return nodes.map((node) => visit(visitor, node, { tight: false })).join('');
}

function blocks(nodes: readonly ContentNode[], context = { tight: false }): string {
  const block = (node: ContentNode): string => {
    const html = visit(visitor, node, context).trim();
    return node.type === 'html' && html !== '' ? `<p>${html}</p>` : html;
  };
  return stack(nodes.map(block), '\n');
}
