/** Zulip's marks within a paragraph: one pattern after the other, each over what the earlier ones left. */

/** What may stand before a mention and before an address. */
const BEFORE = `(?<![^\\s'"({[/<,:])`;

interface Pattern {
  find: RegExp;
  /** The HTML of a match and where it ends, or nothing. */
  html(
    match: RegExpExecArray,
    data: string,
    later: (text: string) => string,
  ): { html: string; end: number } | undefined;
}

const whole =
  (make: (match: RegExpExecArray, later: (text: string) => string) => string | undefined): Pattern['html'] =>
  (match, _, later) => {
    const html = make(match, later);
    return html === undefined ? undefined : { html, end: match.index + match[0].length };
  };
const alive = (name: string): Pattern['html'] =>
  whole(([text]) => `<span class="${name}">${escapeHtml(text)}</span>`);
const tagged = (...tags: string[]): Pattern['html'] =>
  whole(([, inner = ''], later) => tags.reduceRight((html, tag) => `<${tag}>${html}</${tag}>`, later(inner)));

const PATTERNS: readonly Pattern[] = [
  {
    find: /(?<!\\)((?:\\{2})+)(?=`+)|(?<!\\)(`+)(.+?)(?<!`)\2(?!`)/gs,
    html: whole(([text, slashes, , code]) =>
      slashes === undefined
        ? `<code>${escapeHtml(code ?? '')}</code>`
        : escapeHtml(text.slice(text.length / 2)),
    ),
  },
  { find: /\*\*\*(?!\s+)([^*^\n]+)(?<!\s)\*\*\*/g, html: tagged('strong', 'em') },
  { find: new RegExp(`${BEFORE}@_?\\*\\*[^*]+\\*\\*`, 'g'), html: alive('mention') },
  { find: /\B(?<!\$)\$\$[^\n_$](?:\\\$|[^$\n])*\$\$(?!\$)\B/g, html: alive('tex') },
  { find: new RegExp(`${BEFORE}#\\*\\*[^*]+\\*\\*`, 'g'), html: alive('channel') },
  { find: /<time:[^>]*?>/g, html: alive('time') },
  { find: new RegExp(`${BEFORE}@_?\\*[^*]+\\*`, 'g'), html: alive('group') },
  { find: /(?<!!)\[/g, html: link },
  {
    find: /(?<![^\s'"(,:<])(?:(?:https?:\/\/[\w.:@-]+?|(?:[\p{L}\p{N}_-]+\.)+(?:com|org|net|io|me|example|test)(?![\p{L}\p{N}_-]))(?:\/(?:[^\s()"]*?(?:\([^\s()"]*\)[^\s()"]*?)*))?|[\w.-]+@[\w.-]+\.\w+)(?=[!:;?),.'">]*(?:$|\s))/gu,
    html: whole(
      ([url]) =>
        `<a href="${escapeHtml(/^https?:/.test(url) ? url : url.includes('@') ? `mailto:${url}` : `http://${url}`)}">${escapeHtml(url)}</a>`,
    ),
  },
  { find: /&(?:#\d+|#x[\da-f]+|[a-z\d]+);/gi, html: whole(([reference]) => reference) },
  { find: /\*\*([^\n]+?)\*\*/g, html: tagged('strong') },
  { find: /\*(?!\s+)([^*^\n]+)(?<!\s)\*/g, html: tagged('em') },
  { find: /(?<!~)~~([^~\n]+?)~~(?!~)/g, html: tagged('del') },
  // A star by itself.
  { find: /(?:^|\s)[*_](?:\s|$)/g, html: whole(([text]) => escapeHtml(text)) },
  { find: /:[\w+-]+:/g, html: alive('emoji') },
  { find: /\n/g, html: whole(() => '<br>\n') },
];

export function inlineHtml(text: string): string {
  const stash: string[] = [];
  const run = (data: string, from: number): string => {
    let rest = data;
    for (let i = from; i < PATTERNS.length; i += 1) rest = apply(rest, i);
    return rest;
  };
  const apply = (data: string, index: number): string => {
    const pattern = PATTERNS[index];
    if (pattern === undefined) return data;
    let rest = data;
    for (let at = 0; ; ) {
      pattern.find.lastIndex = at;
      const match = pattern.find.exec(rest);
      if (match === null) return rest;
      const made = pattern.html(match, rest, (inner) => escapeWords(run(inner, index + 1)));
      if (made === undefined) at = match.index + 1;
      else {
        const token = `\u{F0000}${stash.push(made.html) - 1}\u{F0001}`;
        rest = rest.slice(0, match.index) + token + rest.slice(made.end);
        // Python-Markdown looks from the beginning again.
        at = 0;
      }
    }
  };
  const restore = (html: string): string =>
    html.replace(/\u{F0000}(\d+)\u{F0001}/gu, (_, index: string) => restore(stash[Number(index)] ?? ''));
  return restore(escapeWords(run(text, 0)));
}

/** `[label](address)`: brackets and parentheses are counted. The label knows no marks. */
function link(match: RegExpExecArray, data: string): { html: string; end: number } | undefined {
  const label = balanced(data, match.index, '[', ']');
  if (label === undefined || data.charAt(label.end) !== '(') return undefined;
  const target = balanced(data, label.end, '(', ')');
  if (target === undefined) return undefined;
  const url = target.text
    .trim()
    .replace(/^<(.*)>$/, '$1')
    .replace(/\s+(?:"[^"]*"|'[^']*')$/, '');
  const scheme = /^([^/?#:]*):/.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined && !/^(?:https?|mailto|ftp)$/.test(scheme)) return undefined;
  const text = label.text.trim() === '' ? url : label.text;
  return { html: `<a href="${escapeHtml(url)}">${escapeWords(text)}</a>`, end: target.end };
}

function balanced(
  data: string,
  start: number,
  open: string,
  close: string,
): { text: string; end: number } | undefined {
  let depth = 0;
  for (let i = start; i < data.length; i += 1) {
    if (data.charAt(i) === open) depth += 1;
    if (data.charAt(i) === close) depth -= 1;
    if (depth === 0) return { text: data.slice(start + 1, i), end: i + 1 };
  }
  return undefined;
}

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** References stay what they are. */
const escapeWords = (text: string): string =>
  text
    .replace(/&(?!(?:#\d+|#x[\da-f]+|[a-z\d]+);)/gi, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
