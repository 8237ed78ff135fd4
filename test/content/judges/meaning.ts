import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5';

/**
 * What a reader sees of a message, whatever its markup: an outline of blocks, and in them runs of words with their
 * marks. Two bodies say the same when their outlines are equal. White space counts once and has no marks, a joiner is
 * not seen, whether a list is loose is not told, and an address is the same with and without a link to itself.
 */
export function outline(html: string, rules: Rules = {}): string {
  const lines: string[] = [];
  writeBlocks(parseFragment(html).childNodes, '', { lines, rules });
  return lines.join('\n');
}

/** What the platform cannot show, and what it shows in its place. */
export interface Rules {
  /** A link to another is its label, an image its description. */
  takesAddress?(url: string): boolean;
  /** Images are links of their description; within a link the description alone. */
  imagesAreLinks?: boolean;
  /** Bold and italic do not reach into the label of a link. */
  plainLabels?: boolean;
}

type Node = DefaultTreeAdapterTypes.ChildNode;
type Element = DefaultTreeAdapterTypes.Element;
interface Out {
  lines: string[];
  rules: Rules;
}
interface Run {
  text: string;
  marks: string[];
}

const BREAK = '\u23CE';
const BLOCKS = new Set(
  'p h1 h2 h3 h4 h5 h6 blockquote pre ul ol li hr div table thead tbody tr th td'.split(' '),
);
const MARKS: Readonly<Record<string, string>> = {
  strong: 'b',
  b: 'b',
  em: 'i',
  i: 'i',
  code: 'code',
  del: 'del',
  s: 'del',
};

const isElement = (node: Node): node is Element => 'tagName' in node;
const attribute = (node: Element, name: string): string =>
  node.attrs.find((one) => one.name === name)?.value ?? '';

function writeBlocks(nodes: readonly Node[], indent: string, out: Out): void {
  let words: Node[] = [];
  const flush = (): void => {
    const text = inlineText(words, out.rules);
    if (text !== '') out.lines.push(`${indent}p ${text}`);
    words = [];
  };
  for (const node of nodes) {
    if (isElement(node) && BLOCKS.has(node.tagName)) {
      flush();
      writeBlock(node, indent, out);
    } else words.push(node);
  }
  flush();
}

function writeBlock(node: Element, indent: string, out: Out): void {
  const { tagName: tag, childNodes } = node;
  if (tag === 'hr') out.lines.push(`${indent}hr`);
  else if (tag === 'pre') out.lines.push(...codeLines(plain(childNodes), indent));
  else if (/^h\d$/.test(tag)) {
    const text = inlineText(childNodes, out.rules, true);
    if (text !== '') out.lines.push(`${indent}${tag} ${text}`);
  } else if (tag === 'p') writeBlocks(childNodes, indent, out);
  else {
    const start = attribute(node, 'start');
    const at = out.lines.length;
    out.lines.push(`${indent}${tag}${start === '' || start === '1' ? '' : ` ${start}`}`);
    writeBlocks(childNodes, `${indent}  `, out);
    // A quote without words is not shown.
    if (tag === 'blockquote' && out.lines.length === at + 1) out.lines.pop();
  }
}

/** Code as it is, but for blank lines and white space at line ends, which cannot be seen, and with tabs as spaces. */
function codeLines(code: string, indent: string): string[] {
  const lines = code.split('\n').map((line) => tabless(line).trimEnd());
  if (lines.every((line) => line === '')) return [];
  return ['code', ...lines.filter((line) => line !== '').map((line) => `  |${line}`)].map(
    (line) => indent + line,
  );
}

/** A tab reaches to the next fourth column. */
function tabless(line: string): string {
  let out = '';
  for (const char of line) out += char === '\t' ? ' '.repeat(4 - (Array.from(out).length % 4)) : char;
  return out;
}

const plain = (nodes: readonly Node[]): string =>
  nodes
    .map((node) => ('value' in node ? node.value : isElement(node) ? plain(node.childNodes) : ''))
    .join('');

function inlineText(nodes: readonly Node[], rules: Rules, oneLine = false): string {
  const merged: Run[] = [];
  for (const { text, marks } of nodes.flatMap((node) => runs(node, [], rules))) {
    const words = oneLine ? text.replaceAll(BREAK, ' ') : text;
    for (const part of words.match(/\s+|\u23CE|[^\s\u23CE]+/g) ?? []) {
      const kinds = /^[\s\u23CE]/.test(part) ? [] : marks;
      const last = merged.at(-1);
      if (last !== undefined && `${last.marks}` === `${kinds}`) last.text += part;
      else merged.push({ text: part, marks: kinds });
    }
  }
  return joined(merged);
}

/** White space between two runs of the same marks belongs to both. */
function joined(merged: readonly Run[]): string {
  let out = '';
  let open = '';
  for (const [index, { text, marks }] of merged.entries()) {
    const kinds = marks.length === 0 ? '' : [...new Set(marks)].toSorted().join(' ');
    const blank = text.trim() === '' || text === BREAK;
    const next = merged[index + 1]?.marks ?? [];
    const stays = blank && open !== '' && [...new Set(next)].toSorted().join(' ') === open;
    if (!stays && kinds !== open) {
      out += open === '' ? '' : '}';
      out += kinds === '' ? '' : `{${kinds}:`;
      open = kinds;
    }
    out += text;
  }
  return `${out}${open === '' ? '' : '}'}`
    .replace(/\s+/g, ' ')
    .replace(/ ?\u23CE[ \u23CE]*/g, BREAK)
    .replace(/^[ \u23CE]+|[ \u23CE]+$/g, '');
}

function runs(node: Node, marks: string[], rules: Rules): Run[] {
  if ('value' in node) return [{ text: shown(node.value), marks }];
  if (!isElement(node)) return [];
  const { tagName: tag, childNodes } = node;
  if (tag === 'br') return [{ text: BREAK, marks }];
  if (tag === 'img') return imageRuns(node, marks, rules);
  const mark =
    tag === 'a' ? linkMark(node, rules) : (MARKS[tag] ?? `${tag} ${attribute(node, 'class')}`.trim());
  const inner = mark === undefined ? marks : [...marks, mark];
  // A link without words shows its address.
  if (mark?.startsWith('a=') && plain(childNodes).trim() === '' && !childNodes.some(isElement))
    return [{ text: mark.slice(2), marks }];
  return childNodes.flatMap((child) => runs(child, inner, rules)).map((run) => labelRun(run, marks, rules));
}

/** In a label that knows no marks, only those around the link are left. */
function labelRun(run: Run, outer: string[], { plainLabels }: Rules): Run {
  const inLabel = run.marks[outer.length]?.startsWith('a=') === true;
  if (!plainLabels || !inLabel) return run;
  const text = run.text === BREAK ? ' ' : run.text;
  return {
    text,
    marks: run.marks.filter((mark, at) => at <= outer.length || (mark !== 'b' && mark !== 'i')),
  };
}

function imageRuns(node: Element, marks: string[], { takesAddress, imagesAreLinks }: Rules): Run[] {
  const url = address(attribute(node, 'src'));
  const alt = shown(attribute(node, 'alt'));
  if (takesAddress?.(url) === false) return [{ text: alt, marks }];
  if (!imagesAreLinks) return [{ text: alt || '-', marks: [...marks, `img=${url}`] }];
  const linked = marks.some((mark) => mark.startsWith('a='));
  if (alt === '') return linked ? [] : [{ text: url, marks }];
  return [{ text: alt, marks: linked ? marks : [...marks, `a=${url}`] }];
}

const shown = (text: string): string =>
  text.replaceAll('\u2060', '').replace(/https?:\/\/\S+/g, (url) => decoded(url));

/** None where the label is the address. */
function linkMark(node: Element, { takesAddress }: Rules): string | undefined {
  const url = address(attribute(node, 'href'));
  if (takesAddress?.(url) === false) return undefined;
  const bare = (text: string): string =>
    text
      .replace(/^(?:https?:\/\/|mailto:)/i, '')
      .replace(/\/$/, '')
      .toLowerCase();
  return bare(decoded(plain(node.childNodes).trim())) === bare(url) ? undefined : `a=${url}`;
}

const address = (url: string): string => decoded(url.replaceAll('\u2060', '').trim());

function decoded(url: string): string {
  return url.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
