import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5';

/**
 * Kongregate's private messages: HTML is stripped, `*bold*` and `_italics_` render, nothing else does. What is left is
 * read as a person reads it, so two texts say the same when their characters and the marks on each do: white space, the
 * signs of quotes and joiners apart, with look-alikes taken for what they look like and addresses decoded.
 */
export function kongregateReading(body: string): string {
  const text = body.replace(/<[^>]*>?/g, '').replaceAll('\u2060', '');
  const chars = text.split('\n').flatMap((line) => markedChars(line));
  return written(chars);
}

/** The marks that change one after the other, whatever is marked. */
export function kongregateMarks(body: string): string[] {
  const chars = body.split('\n').flatMap(markedChars);
  const marks = chars.filter(({ char }) => /\S/.test(char)).map((char) => char.marks);
  return marks.filter((mark, i) => mark !== marks[i - 1]);
}

interface Char {
  char: string;
  marks: string;
}

function markedChars(line: string): Char[] {
  let [bold, italic] = [false, false];
  const out: Char[] = [];
  for (const char of line) {
    if (char === '*') bold = !bold;
    else if (char === '_') italic = !italic;
    else out.push({ char: LOOK_ALIKE[char] ?? char, marks: `${bold ? 'b' : ''}${italic ? 'i' : ''}` });
  }
  if (bold || italic) out.push({ char: '(a mark that does not end)', marks: '' });
  return out;
}

const LOOK_ALIKE: Readonly<Record<string, string>> = { '‹': '<', '∗': '*', ˍ: '_' };

function written(chars: readonly Char[]): string {
  let out = '';
  let open = '';
  for (const { char, marks } of chars) {
    if (/[\s>›\u2060]/.test(char)) continue;
    if (marks !== open) out += `${open === '' ? '' : '}'}${marks === '' ? '' : `{${marks}:`}`;
    open = marks;
    out += char;
  }
  // Percent-encoded characters of an address are each marked alike.
  return `${out}${open === '' ? '' : '}'}`.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8').replace(/[\s>]/g, ''),
  );
}

type Node = DefaultTreeAdapterTypes.ChildNode;

/** The same of what a content means: what Kongregate has no mark for is written as one would type it. */
export function kongregateMeaning(html: string): string {
  return written(parseFragment(html).childNodes.flatMap((node) => charsOf(node, '')));
}

function charsOf(node: Node, marks: string): Char[] {
  if ('value' in node) return plain(node.value, marks);
  if (!('tagName' in node)) return [];
  const attribute = (name: string): string => node.attrs.find((one) => one.name === name)?.value ?? '';
  const within = (more = ''): Char[] =>
    node.childNodes.flatMap((child) => charsOf(child, [...new Set(marks + more)].toSorted().join('')));
  switch (node.tagName) {
    case 'hr':
      return plain('———', marks);
    case 'strong':
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6':
      return within('b');
    case 'em':
      return within('i');
    case 'pre':
      return plain(textOf(node.childNodes), marks);
    case 'code':
      return [...plain('`', marks), ...within(), ...plain('`', marks)];
    case 'a':
      return withAddress(within(), attribute('href'), marks);
    case 'img':
      return withAddress(plain(attribute('alt'), marks), attribute('src'), marks);
    case 'ul':
      return items(node.childNodes, marks, () => '-');
    case 'ol':
      return items(node.childNodes, marks, (index) => `${Number(attribute('start') || '1') + index}.`);
    default:
      return within();
  }
}

const plain = (text: string, marks: string): Char[] => Array.from(text, (char) => ({ char, marks }));

const textOf = (nodes: readonly Node[]): string =>
  nodes
    .map((node) => ('value' in node ? node.value : 'childNodes' in node ? textOf(node.childNodes) : ''))
    .join('');

function items(nodes: readonly Node[], marks: string, bullet: (index: number) => string): Char[] {
  const list = nodes.filter((node) => 'tagName' in node);
  return list.flatMap((node, index) => [...plain(bullet(index), marks), ...charsOf(node, marks)]);
}

function withAddress(label: Char[], url: string, marks: string): Char[] {
  const bare = (text: string): string => kongregateReading(text.replace(/^mailto:/i, ''));
  const address = plain(url, marks);
  const text = label.map(({ char }) => char).join('');
  if (text.trim() === '') return address;
  return url === '' || bare(text) === bare(url)
    ? label
    : [...label, ...plain('(', marks), ...address, ...plain(')', marks)];
}
