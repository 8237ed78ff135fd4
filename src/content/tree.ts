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
import { ContentError } from '../platforms/port.ts';
import { fill, firstToken } from './template.ts';

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
 * Puts the values into the tree's text and resolves its references; the tree given is left as it is. Code, HTML and
 * the descriptions of images are text as well. In the address of a link a value is percent-encoded, and only behind
 * the host: a value must not choose where a link leads. Throws ContentError for one that would.
 */
export function fillTree(root: Root, values: readonly string[]): ContentRoot {
  const filling: Filling = { values, urls: new Map() };
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
  /** The addresses of the definitions, by name. */
  urls: Map<string, string>;
}

function fillAll(nodes: readonly Nodes[], filling: Filling): ContentNode[] {
  return nodes.flatMap((node) => fillNode(node, filling) ?? []);
}

function fillNode(node: Nodes, filling: Filling): ContentNode | undefined {
  const { values, urls } = filling;
  switch (node.type) {
    case 'text':
    case 'inlineCode':
    case 'code':
    case 'html':
      return { ...node, value: fill(node.value, values) };
    case 'link':
    case 'linkReference': {
      const url = node.type === 'link' ? node.url : (urls.get(node.identifier) ?? '');
      return { type: 'link', url: fillUrl(url, values), children: fillAll(node.children, filling) };
    }
    case 'image':
    case 'imageReference': {
      const url = node.type === 'image' ? node.url : (urls.get(node.identifier) ?? '');
      return { type: 'image', url: fillUrl(url, values), alt: fill(node.alt ?? '', values) };
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

const HOST_THEN_MORE = /^(?:https?:\/\/[^/?#]+[/?#]|mailto:)/i;

function fillUrl(url: string, values: readonly string[]): string {
  const at = firstToken(url);
  if (at === -1) return url;
  const host = HOST_THEN_MORE.exec(url);
  if (host === null || at < host[0].length) {
    throw new ContentError('content', 'a placeholder in a link must stand behind its host');
  }
  return fill(url, values, encodeURIComponent);
}

function* allNodes(node: Nodes): Generator<Nodes> {
  yield node;
  if ('children' in node) for (const child of node.children) yield* allNodes(child);
}
