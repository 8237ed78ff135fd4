import { escapeHtml, inlineHtml } from './zulip-inline.ts';

/** Python's ElementTree, as far as it is needed: text within, and behind, an element. */
export class El {
  readonly tag: string;
  readonly children: El[] = [];
  text = '';
  tail = '';
  start = '';
  constructor(tag: string) {
    this.tag = tag;
  }

  add(tag: string): El {
    const child = new El(tag);
    this.children.push(child);
    return child;
  }

  get last(): El | undefined {
    return this.children.at(-1);
  }

  get isList(): boolean {
    return this.tag === 'ul' || this.tag === 'ol';
  }

  /** A block of code that an indented one continues. */
  get code(): El | undefined {
    return this.tag === 'pre' ? this.children[0] : undefined;
  }

  /** The text of a tight item becomes its first paragraph. */
  loosen(): void {
    if (this.text === '') return;
    const paragraph = new El('p');
    paragraph.text = this.text;
    this.text = '';
    this.children.unshift(paragraph);
  }
}

export function writeElements({ children }: El): string {
  return children.map((child) => writeElement(child) + inlineHtml(child.tail)).join('\n');
}

function writeElement(node: El): string {
  const { tag, text, start, children } = node;
  if (tag === 'hr') return '<hr>';
  if (tag === 'code') return `<code>${escapeHtml(text)}</code>`;
  const open = start === '' || start === '1' ? tag : `${tag} start="${start}"`;
  const inner = children.length === 0 ? '' : (tag === 'pre' ? '' : '\n') + writeElements(node);
  return `<${open}>${inlineHtml(text)}${inner}</${tag}>`;
}
