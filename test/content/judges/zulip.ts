import { readBlocks } from './zulip-blocks.ts';
import { El, writeElements } from './zulip-element.ts';
import { escapeHtml } from './zulip-inline.ts';

/**
 * What Zulip makes of a message: its rules, said once more. Zulip's server reads Python-Markdown with rules of its own
 * (zerver/lib/markdown): lists are indented by two, fences count at the beginning of a line, `spoiler`, `quote` and
 * `math` fences render what is in them, there are no escapes, references to links, headlines by underlines and no HTML.
 * Mentions, channels, emoji, times and TeX become elements with a class, so that what is alive in a message can be
 * seen. Unlike the server, this does not ask whether there is somebody of that name.
 */
export function zulipHtml(message: string): string {
  const raw: string[] = [];
  const stash = (html: string): string => `\u{F0002}${raw.push(html) - 1}\u{F0003}`;
  const lines = message
    .trim()
    .replace(/[\u{F0000}-\u{F0003}]/gu, '')
    .split('\n');
  const normal = separateLists(lines)
    .join('\n')
    .replaceAll('\u0002', '')
    .replaceAll('\u0003', '')
    .replace(/\r\n?/g, '\n');
  const spaced = normal
    .split('\n')
    .map(expandTabs)
    .map((line) => (/^ +$/.test(line) ? '' : line));
  const root = new El('div');
  readBlocks(root, readFences(spaced, stash).join('\n'));
  return writeElements(root).replace(
    /<p>\s*\u{F0002}(\d+)\u{F0003}\s*<\/p>|\u{F0002}(\d+)\u{F0003}/gu,
    (_, block, inner) => raw[Number(block ?? inner)] ?? '',
  );
}

const FENCE = /^(~{3,}|`{3,}) *(?:\{?\.?([\w+\-./#]+) *([^ ~`][^~`]*)?\}?)?$/;

/** A list that follows a line of words, or one of the other kind, gets a blank line before it. */
function separateLists(lines: readonly string[]): string[] {
  const out: string[] = [];
  const open: { fence: string; code: boolean }[] = [];
  const item = (line: string): string | undefined => /^ *([*+-]|\d\.) +/.exec(line)?.[1];
  for (const [i, line] of lines.entries()) {
    out.push(line);
    const next = lines[i + 1];
    if (next === undefined) break;
    const [, fence, language] = FENCE.exec(line) ?? [];
    if (fence !== undefined) {
      if (language === undefined && open.at(-1)?.fence === fence) open.pop();
      else open.push({ fence, code: !/^quoted?$/.test(language ?? '') });
    }
    const [here, there] = [item(line), item(next)];
    const parts = there !== undefined && (here === undefined || (here.length === 1) !== (there.length === 1));
    if (parts && line !== '' && !open.some(({ code }) => code)) out.push('');
  }
  return out;
}

function expandTabs(line: string): string {
  let out = '';
  for (const char of line) out += char === '\t' ? ' '.repeat(4 - (Array.from(out).length % 4)) : char;
  return out;
}

interface Fence {
  kind: 'page' | 'code' | 'quote' | 'spoiler' | 'math';
  end: string;
  header: string;
  lines: string[];
}

function readFences(lines: readonly string[], stash: (html: string) => string): string[] {
  const page: Fence = { kind: 'page', end: '', header: '', lines: [] };
  const open = [page];
  const close = (): void => {
    const fence = open.pop();
    if (fence !== undefined && fence.lines.length > 0)
      open.at(-1)?.lines.push('', ...shown(fence, stash), '');
  };
  for (const line of lines) {
    const fence = open.at(-1) ?? page;
    const begins = fence.kind === 'code' || fence.kind === 'math' ? undefined : beginning(line);
    if (fence !== page && line.trimEnd() === fence.end) close();
    else if (begins !== undefined) open.push(begins);
    else fence.lines.push(fence.kind === 'page' ? line : line.trimEnd());
  }
  while (open.length > 1) close();
  return page.lines;
}

function beginning(line: string): Fence | undefined {
  const [found, end = '', language = '', header = ''] = FENCE.exec(line) ?? [];
  if (found === undefined) return undefined;
  const name = language.toLowerCase();
  const kind =
    name === 'quote' || name === 'quoted' ? 'quote' : name === 'spoiler' || name === 'math' ? name : 'code';
  return { kind, end, header: kind === 'spoiler' ? header : '', lines: [] };
}

function shown({ kind, header, lines }: Fence, stash: (html: string) => string): string[] {
  if (kind === 'quote') return lines.map((line) => `> ${line}`);
  if (kind === 'code') return [stash(`<pre><code>${escapeHtml(lines.join('\n'))}\n</code></pre>`)];
  if (kind === 'math') return [stash(`<p><span class="katex">${escapeHtml(lines.join('\n'))}</span></p>`)];
  const title = header === '' ? [] : ['', header];
  return [stash('<div class="spoiler">'), ...title, '', ...lines, '', stash('</div>')];
}
