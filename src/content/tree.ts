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
import { fill, type Place } from './template.ts';

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
 * Puts the values into the tree's code and addresses and resolves its references; the tree given is left as it is. In
 * the address of a link a value is percent-encoded, and only behind the host. Throws ContentError for one that would
 * choose where the link leads.
 * @param words whether the values are put into words as well (HTML and descriptions of images are words), or their
 * places stay open for a dialect that escapes values where they stand
 */
export function fillTree(root: Root, values: readonly string[], words: 'filled' | 'open'): ContentRoot {
  const filling: Filling = {
    values,
    fillWords: (text) => (words === 'filled' ? fill(text, values, wordOrAddress) : text),
    // Who has no escape for words has no code either.
    fillCode: (text) => fill(text, values, words === 'filled' ? wordOrAddress : undefined),
    urls: new Map(),
  };
  for (const node of allNodes(root)) {
    // The first definition of a name holds (CommonMark, link reference definitions).
    if (node.type === 'definition' && !filling.urls.has(node.identifier)) {
      filling.urls.set(node.identifier, node.url);
    }
  }
  return { children: fillAll(root.children, filling) };
}

interface Filling {
  values: readonly string[];
  fillWords: (text: string) => string;
  fillCode: (text: string) => string;
  /** The addresses of the definitions, by name. */
  urls: Map<string, string>;
}

function fillAll(nodes: readonly Nodes[], filling: Filling): ContentNode[] {
  return nodes.flatMap((node) => fillNode(node, filling) ?? []);
}

function fillNode(node: Nodes, filling: Filling): ContentNode | undefined {
  const { values, fillWords, urls } = filling;
  switch (node.type) {
    case 'text':
      return { ...node, value: fillWords(node.value) };
    case 'html':
      return { ...node, value: fillWords(shownHtml(node.value)) };
    case 'inlineCode':
    case 'code':
      return { ...node, value: filling.fillCode(node.value) };
    case 'link':
    case 'linkReference': {
      const url = node.type === 'link' ? node.url : (urls.get(node.identifier) ?? '');
      return { type: 'link', url: fillUrl(url, values), children: fillAll(node.children, filling) };
    }
    case 'image':
    case 'imageReference': {
      const url = node.type === 'image' ? node.url : (urls.get(node.identifier) ?? '');
      return { type: 'image', url: fillUrl(url, values), alt: fillWords(node.alt ?? '') };
    }
    case 'break':
    case 'thematicBreak':
      return node;
    case 'definition':
      return undefined;
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

function fillUrl(url: string, values: readonly string[]): string {
  return fill(url, values, (value, { before }) => addressPart(before, value));
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

function* allNodes(node: Nodes): Generator<Nodes> {
  yield node;
  if ('children' in node) for (const child of node.children) yield* allNodes(child);
}

/** Whether the label of a link is nothing but its address. */
export function isItself([first, ...more]: readonly ContentNode[], url: string): boolean {
  return more.length === 0 && first?.type === 'text' && first.value === url;
}
