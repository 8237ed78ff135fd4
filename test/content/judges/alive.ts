import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5';
import { discourse } from './platforms.ts';

type Node = DefaultTreeAdapterTypes.ChildNode;

/** The elements of what a platform shows, with where they lead, and the words. Lines' ends apart. */
export function skeleton(html: string): { elements: string[]; words: string } {
  const elements: string[] = [];
  let words = '';
  const walk = (node: Node, inItem: boolean): void => {
    if ('value' in node) words += node.value;
    if (!('tagName' in node) || node.tagName === 'br') return;
    // Zulip makes a list loose for a line of an item.
    if (node.tagName === 'p' && inItem) {
      for (const child of node.childNodes) walk(child, false);
      return;
    }
    const kept = node.attrs
      .filter(({ name }) => name !== 'alt')
      .map(({ name, value }) => ` ${name}=${leads(value)}`);
    elements.push(node.tagName + kept.join(''));
    words += node.attrs.find(({ name }) => name === 'alt')?.value ?? '';
    for (const child of node.childNodes) walk(child, node.tagName === 'li');
    elements.push('/');
  };
  for (const node of parseFragment(html).childNodes) walk(node, false);
  return { elements, words: words.replace(/[\s\u0085\u2060]+/g, '') };
}

/** A value within an address is one part of it, whatever it is. */
const leads = (url: string): string => url.replace(/^(https:\/\/e\.com\/)[^/?#\s]*(\/x)$/, '$1…$2');

/**
 * What Discourse adds to Markdown: BBCode where nothing else begins with the bracket, and in the text that is left
 * mentions, hashtags and emoji, wherever its escapes were. What they would become is an element here.
 */
export function discourseHtml(body: string): string {
  return discourse.render(body);
}

discourse.inline.ruler.push('bbcode', (state, silent) => {
  const tag = /^\[\/?[a-z]+[^\]\n]*\]/i.exec(state.src.slice(state.pos))?.[0];
  if (tag === undefined) return false;
  if (!silent) state.push('html_inline', '', 0).content = '<span class="bbcode"></span>';
  state.pos += tag.length;
  return true;
});
discourse.renderer.rules['text'] = (tokens, index) =>
  discourse.utils
    .escapeHtml(tokens[index]?.content ?? '')
    .replace(
      /(?<![\p{L}\p{N}_/&])[@#][\p{L}\p{N}_]+|:[\w+-]+:/gu,
      (text) => `<span class="alive">${text}</span>`,
    );
