import MarkdownIt, { type Token } from 'markdown-it';
import type { Nodes, Root } from 'mdast';
import { keepBareAddresses } from './bare-address.ts';
import { limitCost, MAX_NESTED, refuseNesting } from './cost.ts';

/**
 * Parses CommonMark to a tree. Uses markdown-it, because its time is linear in the length of the text (its own pathological tests), and
 * because it is some thirty times faster on the worst 8 KB than micromark, which makes mdast.
 */

const parser = new MarkdownIt('commonmark');
limitCost(parser);
keepBareAddresses(parser);
// Addresses stay as they were written: the dialects decide what is safe, and encode them.
parser.normalizeLink = (url) => url;
parser.validateLink = () => true;

/** Its references are resolved. Throws ContentError for a text that costs too much. */
export function parseTree(markdown: string): Root {
  const tokens = parser.parse(markdown, {});
  return { type: 'root', children: readNodes({ tokens, at: 0, line: 0 }).nodes } as Root;
}

/** The parser returns a tree as a list of tokens, some of which open and close a node. */
interface Cursor {
  tokens: readonly Token[];
  at: number;
  /** The first line behind all that was read. */
  line: number;
}

interface Siblings {
  nodes: Nodes[];
  /** Blank lines stand between some of them. */
  spread: boolean;
}

/** Reads up to the end of the node that is open. */
function readNodes(cursor: Cursor, depth = 0): Siblings {
  if (depth > MAX_NESTED) refuseNesting();
  const nodes: Nodes[] = [];
  let spread = false;
  for (
    let token = cursor.tokens[cursor.at++];
    token && token.nesting !== -1;
    token = cursor.tokens[cursor.at++]
  ) {
    const [first, end] = token.map ?? [cursor.line, cursor.line];
    spread ||= nodes.length > 0 && first > cursor.line;
    // A container ends where its last block does, and an empty one on its own line.
    cursor.line = token.nesting === 1 && token.type !== 'blockquote_open' ? first + 1 : end;
    addNode(nodes, token, cursor, depth);
  }
  return { nodes, spread };
}

function addNode(nodes: Nodes[], token: Token, cursor: Cursor, depth: number): void {
  const { type } = token;
  if (type === 'inline') nodes.push(...readInline(token));
  else if (type === 'text') addText(nodes, token.content);
  else if (type === 'softbreak') addText(nodes, '\n');
  else nodes.push(token.nesting === 0 ? leaf(token) : parent(token, readNodes(cursor, depth + 1)));
}

const readInline = ({ children }: Token): Nodes[] =>
  readNodes({ tokens: children ?? [], at: 0, line: 0 }).nodes;

/** Joins words, since the parser splits them at each character that might be a mark. */
function addText(nodes: Nodes[], value: string): void {
  if (value === '') return;
  const last = nodes.at(-1);
  if (last?.type === 'text') last.value += value;
  else nodes.push({ type: 'text', value });
}

function leaf(token: Token): Nodes {
  const { type, content } = token;
  switch (type) {
    case 'code_inline':
      return { type: 'inlineCode', value: content };
    case 'code_block':
      return { type: 'code', value: withoutLineEnd(content) };
    case 'fence':
      return { type: 'code', lang: languageOf(token.info), value: withoutLineEnd(content) };
    case 'html_inline':
      return { type: 'html', value: content };
    case 'html_block':
      return { type: 'html', value: withoutLineEnd(content) };
    case 'image':
      return { type: 'image', url: attribute(token, 'src'), alt: wordsOf(readInline(token)) };
    case 'hardbreak':
      return { type: 'break' };
    case 'hr':
      return { type: 'thematicBreak' };
    default:
      throw new TypeError(`CommonMark has no ${type}`);
  }
}

function parent(token: Token, { nodes, spread }: Siblings): Nodes {
  // The parser guarantees what may be nested in what.
  const children = nodes as never[];
  switch (token.type) {
    case 'paragraph_open':
      return { type: 'paragraph', children };
    case 'heading_open':
      return { type: 'heading', depth: Number(token.tag.slice(1)) as 1, children };
    case 'blockquote_open':
      return { type: 'blockquote', children };
    case 'bullet_list_open':
      return { type: 'list', ordered: false, spread, children };
    case 'ordered_list_open':
      return { type: 'list', ordered: true, start: Number(attribute(token, 'start') || 1), spread, children };
    case 'list_item_open':
      return { type: 'listItem', spread, children };
    case 'em_open':
      return { type: 'emphasis', children };
    case 'strong_open':
      return { type: 'strong', children };
    case 'link_open':
      return { type: 'link', url: attribute(token, 'href'), children };
    default:
      throw new TypeError(`CommonMark has no ${token.type}`);
  }
}

const attribute = (token: Token, name: string): string => `${token.attrGet(name) ?? ''}`;

const languageOf = (info: string): string | null => /\S+/.exec(parser.utils.unescapeAll(info))?.[0] ?? null;

const withoutLineEnd = (text: string): string => (text.endsWith('\n') ? text.slice(0, -1) : text);

/** The text of an image. */
function wordsOf(nodes: readonly Nodes[]): string {
  return nodes
    .map((node) => {
      if (node.type === 'image') return node.alt ?? '';
      if ('children' in node) return wordsOf(node.children);
      return 'value' in node ? node.value : '\n';
    })
    .join('');
}
