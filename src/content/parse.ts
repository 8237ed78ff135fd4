import type { Root } from 'mdast';
import { parseTree } from './markdown-tree.ts';
import { readSimpleText } from './simple-text.ts';
import { readTemplate } from './template.ts';

export interface ParsedContent {
  /** Holds a token in place of each placeholder. Shared: not to be changed. */
  readonly root: Root;
  /** What each placeholder asks for, by the number of its token. */
  readonly paths: readonly string[];
  /** Whether there is nothing but words and their emphasis: then the tree is as dialects render it. */
  readonly plain: boolean;
}

/**
 * Remembers the latest few contents that repeat, since a campaign's messages repeat one content with other data. These are results of a
 * pure function, bounded in number and size. A content that occurs once is not remembered.
 */
const REMEMBERED = 64;
const LONGEST_REMEMBERED = 8_192;
const remembered = new Map<string, ParsedContent>();
let latest: { content: string; parsed: ParsedContent } | undefined;

/**
 * Parses CommonMark with placeholders; no mark is read within a bare address.
 * @throws ContentError for other template syntax, and for a text that costs too much
 */
export function parseContent(content: string): ParsedContent {
  const known = remembered.get(content);
  if (known !== undefined) return known;
  if (latest?.content === content) {
    remember(content, latest.parsed);
    return latest.parsed;
  }
  const { text, paths } = readTemplate(content);
  const simple = readSimpleText(text);
  const parsed = {
    root: simple ?? parseTree(text),
    paths,
    plain: simple !== undefined && paths.length === 0,
  };
  if (content.length > LONGEST_REMEMBERED) return parsed;
  // A content with placeholders is probably sent many times.
  if (paths.length > 0) remember(content, parsed);
  else latest = { content, parsed };
  return parsed;
}

function remember(content: string, parsed: ParsedContent): void {
  if (remembered.size >= REMEMBERED) {
    const [oldest] = remembered.keys();
    if (oldest !== undefined) remembered.delete(oldest);
  }
  remembered.set(content, parsed);
}
