import type { El } from './zulip-element.ts';

/** Python-Markdown's block processors in Zulip's order: each looks at what stands between two blank lines. */

type State = 'list' | 'looselist' | 'blockquote' | 'detabbed';
type Processor = (parent: El, blocks: string[], states: State[]) => boolean;

export function readBlocks(parent: El, text: string, states: State[] = []): void {
  parseBlocks(parent, text.split('\n\n'), states);
}

function parseBlocks(parent: El, blocks: string[], states: State[]): void {
  while (blocks.length > 0) {
    for (const processor of PROCESSORS) if (processor(parent, blocks, states)) break;
  }
}

const within = (states: State[], state: State): State[] => [...states, state];
const now = (states: State[]): State | undefined => states.at(-1);
const INDENT = 2;

const empty: Processor = (parent, blocks) => {
  const block = blocks[0] ?? '';
  if (block !== '' && !block.startsWith('\n')) return false;
  blocks.shift();
  if (block.length > 1) blocks.unshift(block.slice(1));
  const code = parent.last?.code;
  if (code !== undefined) code.text += block === '' ? '\n\n' : '\n';
  return true;
};

/** What is indented belongs to an item of a list before it. */
const itemContent: Processor = (parent, blocks, states) => {
  const block = blocks[0] ?? '';
  const inList = parent.tag === 'li' || parent.last?.isList === true;
  if (!block.startsWith(' '.repeat(INDENT)) || now(states) === 'detabbed' || !inList) return false;
  blocks.shift();
  const { level, sibling } = levelOf(parent, block, states);
  const prefix = ' '.repeat(INDENT * level);
  const text = block
    .split('\n')
    .map((line) => (line.startsWith(prefix) ? line.slice(prefix.length) : line))
    .join('\n');
  const inner = within(states, 'detabbed');
  if (parent.tag === 'li') parseBlocks(parent.last?.isList === true ? parent.last : parent, [text], inner);
  else if (sibling.tag === 'li') parseBlocks(sibling, [text], inner);
  else if (sibling.last?.tag === 'li') {
    sibling.last.loosen();
    readBlocks(sibling.last, text, inner);
  } else parseBlocks(sibling.add('li'), [text], inner);
  return true;
};

function levelOf(parent: El, block: string, states: State[]): { level: number; sibling: El } {
  const deep = Math.floor((/^ */.exec(block)?.[0].length ?? 0) / INDENT);
  let level = now(states) === 'list' ? 1 : 0;
  let sibling = parent;
  while (deep > level) {
    const child = sibling.last;
    if (child === undefined || (!child.isList && child.tag !== 'li')) break;
    if (child.isList) level += 1;
    sibling = child;
  }
  return { level, sibling };
}

const indentedCode: Processor = (parent, blocks) => {
  const block = blocks[0] ?? '';
  if (!block.startsWith('    ')) return false;
  blocks.shift();
  const lines = block.split('\n');
  const count = lines.findIndex((line) => !line.startsWith('    ') && line.trim() !== '');
  const code = lines
    .slice(0, count === -1 ? undefined : count)
    .map((line) => line.slice(4))
    .join('\n')
    .trimEnd();
  const before = parent.last?.code;
  if (before !== undefined) before.text += `\n${code}\n`;
  else parent.add('pre').add('code').text = `${code}\n`;
  if (count !== -1) blocks.unshift(lines.slice(count).join('\n'));
  return true;
};

const headline: Processor = (parent, blocks, states) => {
  const found = /(?:^|\n)(#{1,6})\s((?:\\[^\n]|[^\\])*?)#*(?:\n|$)/.exec(blocks[0] ?? '');
  if (found === null) return false;
  const block = blocks.shift() ?? '';
  const before = block.slice(0, found.index);
  if (before !== '') parseBlocks(parent, [before], states);
  parent.add(`h${found[1]?.length}`).text = (found[2] ?? '').trim();
  const after = block.slice(found.index + found[0].length);
  if (after !== '') blocks.unshift(after);
  return true;
};

/** Cells are not told apart: nothing here writes a table. */
const table: Processor = (parent, blocks) => {
  const [head = '', rule = ''] = (blocks[0] ?? '').split('\n');
  if (!head.includes('|') || !rule.includes('-') || !/^[|:\- ]+$/.test(rule) || !rule.includes('|'))
    return false;
  parent.add('table').text = blocks.shift() ?? '';
  return true;
};

const rule: Processor = (parent, blocks, states) => {
  // Python's lines end with \n alone: JavaScript's own ^ and $ would find a rule behind U+2028 too.
  const found = /(?<![^\n]) {0,3}(?=((?:-+ {0,2}){3,}|(?:_+ {0,2}){3,}|(?:\*+ {0,2}){3,}))\1 *(?![^\n])/.exec(
    blocks[0] ?? '',
  );
  if (found === null) return false;
  const block = blocks.shift() ?? '';
  const before = block.slice(0, found.index).replace(/\n+$/, '');
  if (before !== '') parseBlocks(parent, [before], states);
  parent.add('hr');
  const after = block.slice(found.index + found[0].length).replace(/^\n+/, '');
  if (after !== '') blocks.unshift(after);
  return true;
};

const list = (tag: 'ol' | 'ul', mark: string): Processor => {
  const item = new RegExp(`^ {0,1}(${mark}) +([^\\n]*)`);
  return (parent, blocks, states) => {
    if (!item.test(blocks[0] ?? '')) return false;
    const { items, start } = itemsOf((blocks.shift() ?? '').split('\n'), item);
    const sibling = parent.last;
    let node = parent;
    if (sibling?.tag === tag) {
      node = sibling;
      loosenLast(sibling.last);
      parseBlocks(sibling.add('li'), [items.shift() ?? ''], within(states, 'looselist'));
    } else if (!parent.isList) {
      node = parent.add(tag);
      if (tag === 'ol') node.start = start;
    }
    for (const text of items) {
      const li = text.startsWith(' '.repeat(INDENT)) && node.last !== undefined ? node.last : node.add('li');
      parseBlocks(li, [text], within(states, 'list'));
    }
    return true;
  };
};

function loosenLast(li: El | undefined): void {
  li?.loosen();
  const last = li?.last;
  if (li === undefined || last === undefined || last.tail === '') return;
  const { tail } = last;
  last.tail = '';
  li.add('p').text = tail.trimStart();
}

function itemsOf(lines: readonly string[], item: RegExp): { items: string[]; start: string } {
  const items: string[] = [];
  let start = '';
  for (const line of lines) {
    const found = item.exec(line);
    const last = items.at(-1);
    if (found !== null) {
      if (items.length === 0) start = /\d+/.exec(found[1] ?? '')?.[0] ?? '';
      items.push(found[2] ?? '');
    } else if (/^ {2,3}(?:\d+\.|[*+-]) +/.test(line) && last?.startsWith(' '.repeat(INDENT)) !== true)
      items.push(line);
    else items[items.length - 1] = `${last ?? ''}\n${line}`;
  }
  return { items, start };
}

const QUOTE = /(^|\n)(?!(?: {0,3}>\s*(?:$|\n))*(?:$|\n)) {0,3}> ?([^\n]*)/;

const quote: Processor = (parent, blocks, states) => {
  const found = QUOTE.exec(blocks[0] ?? '');
  if (found === null) return false;
  const block = blocks.shift() ?? '';
  parseBlocks(parent, [block.slice(0, found.index)], states);
  const lines = block
    .slice(found.index)
    .split('\n')
    .map((line) => {
      if (line.trim() === '>') return '';
      const marked = QUOTE.exec(line);
      return marked?.index === 0 ? (marked[2] ?? '') : line;
    });
  readBlocks(parent.add('blockquote'), lines.join('\n'), within(states, 'blockquote'));
  return true;
};

const paragraph: Processor = (parent, blocks, states) => {
  const block = blocks.shift() ?? '';
  if (block.trim() === '') return true;
  const before = parent.last;
  if (now(states) !== 'list') parent.add('p').text = block.trimStart();
  else if (before !== undefined) before.tail += `\n${block}`;
  else parent.text = parent.text === '' ? block.trimStart() : `${parent.text}\n${block}`;
  return true;
};

const PROCESSORS: readonly Processor[] = [
  empty,
  itemContent,
  indentedCode,
  headline,
  table,
  rule,
  list('ol', '\\d+\\.'),
  list('ul', '[*+-]'),
  quote,
  paragraph,
];
