import type {
  Blockquote,
  Break,
  Code,
  Emphasis,
  Heading,
  Html,
  Image,
  InlineCode,
  Link,
  List,
  ListItem,
  Nodes,
  Paragraph,
  Root,
  Strong,
  Text,
  ThematicBreak,
} from 'mdast';
import { addressPart, openWordAddress } from './address.ts';
import { ContentError } from './content.ts';
import { fill, type Place } from './template.ts';

/** One definition may be referred to by thousands of links: of all their addresses together, in characters. */
const MAX_ADDRESSES = 1024 * 1024;

/** The nodes a dialect has to render: CommonMark's, with references already resolved. */
export type ContentNode =
  | Break
  | Code
  | Html
  | Image
  | InlineCode
  | Text
  | ThematicBreak
  | Holding<Blockquote | Emphasis | Heading | Link | List | ListItem | Paragraph | Strong>;

/** The same node over children of ours. */
type Holding<N> = N extends unknown ? Omit<N, 'children'> & { children: ContentNode[] } : never;

export interface ContentRoot {
  children: ContentNode[];
}

/**
 * Puts the values into the tree's code and addresses; the tree given is left as it is. In the address of a link a value
 * is percent-encoded, and only behind the host. Throws ContentError for one that would choose where the link leads, and
 * for more than a million characters of addresses.
 * @param words whether the values are put into words as well (HTML and descriptions of images are words), or their
 * places stay open for a dialect that escapes values where they stand
 */
export function fillTree(root: Root, values: readonly string[], words: 'filled' | 'open'): ContentRoot {
  const filling: Filling = {
    values,
    fillWords: (text) => (words === 'filled' ? fill(text, values, wordOrAddress) : text),
    // A dialect without escapes for words has none for code either.
    fillCode: (text) => fill(text, values, words === 'filled' ? wordOrAddress : undefined),
    addresses: 0,
  };
  return { children: fillAll(root.children, filling) };
}

interface Filling {
  values: readonly string[];
  fillWords: (text: string) => string;
  fillCode: (text: string) => string;
  /** Characters of addresses so far. */
  addresses: number;
}

function fillAll(nodes: readonly Nodes[], filling: Filling): ContentNode[] {
  return nodes.map((node) => fillNode(node, filling));
}

function fillNode(node: Nodes, filling: Filling): ContentNode {
  const { fillWords } = filling;
  switch (node.type) {
    case 'text': {
      const value = fillWords(node.value);
      return value === node.value ? node : { ...node, value };
    }
    case 'html':
      return { ...node, value: fillWords(shownHtml(node.value)) };
    case 'inlineCode':
    case 'code':
      return { ...node, value: filling.fillCode(node.value) };
    case 'link':
      return { type: 'link', url: fillUrl(node.url, filling), children: fillAll(node.children, filling) };
    case 'image':
      return { type: 'image', url: fillUrl(node.url, filling), alt: fillWords(node.alt ?? '') };
    case 'break':
    case 'thematicBreak':
      return node;
    default:
      if (!('children' in node)) throw new TypeError(`CommonMark has no ${node.type}`);
      return { ...node, children: fillAll(node.children, filling) } as ContentNode;
  }
}

/** An address among words may become a link. */
function wordOrAddress(value: string, { own }: Place): string {
  const address = openWordAddress(own);
  return address === undefined ? value : addressPart(address, value);
}

function fillUrl(url: string, filling: Filling): string {
  const filled = fill(url, filling.values, (value, { own }) => addressPart(own, value));
  filling.addresses += filled.length;
  if (filling.addresses > MAX_ADDRESSES)
    throw new ContentError('content', `has links of more than ${MAX_ADDRESSES} characters in all`);
  return filled;
}

/**
 * What looks like HTML to the parser may be plain words (`<player>`), so it is shown, not lost: only a comment is
 * left out, and a line break breaks the line.
 */
function shownHtml(html: string): string {
  // One that does not end is searched for its end once.
  const shown = html.replace(/<!--.*?(?:-->|$)/gs, (comment) => (comment.endsWith('-->') ? '' : comment));
  return shown.replace(/<br\s*\/?>/gi, '\n');
}

/** Whether the label of a link is nothing but its address. */
export function isItself([first, ...more]: readonly ContentNode[], url: string): boolean {
  return more.length === 0 && first?.type === 'text' && first.value === url;
}
