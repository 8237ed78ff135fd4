import { ContentError } from './content.ts';

/**
 * `{{ name }}` and `{{ a.b }}`. Each placeholder becomes a token before the Markdown is parsed and its value after, so
 * the parser sees one plain word and never the value. The tokens are made of noncharacters, which Unicode keeps for
 * such inner use; in the caller's own text they are replaced.
 */
const OPEN = '\uFDD0';
const CLOSE = '\uFDD1';
/** The tokens' own characters; NUL, which databases refuse. */
const UNFIT = /[\0\uFDD0\uFDD1]/g;
const TOKEN = /\uFDD0(l?)(\d+)\uFDD1/g;
/** A backslash and what it stands before, a placeholder, and what may be none. */
const BRACES = /\\(?:(\{[{%])|[\s\S])|\{\{([^{}]*)\}\}|\{\{|\{%/g;
/** Written as `\{{` and `\{%`, and filled in like values that need no data: so they are no markup anywhere, and right in code. */
const LITERALS: ReadonlySet<string> = new Set(['{{', '{%']);
const PATH = /^\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\s*$/;

/** Each placeholder costs a scan of the text around it, and may insert a long value. */
const MAX_PLACEHOLDERS = 500;
const MAX_FILLED = 64 * 1024;

/** Without those, and without halves of surrogate pairs, which no encoder takes. */
const fitText = (text: string): string => text.toWellFormed().replace(UNFIT, '\uFFFD');

export interface Template {
  /** The text with a token for each placeholder. */
  text: string;
  /** The dotted path behind the token of each number. */
  paths: readonly string[];
}

/** Throws ContentError for `{%` and for braces that are not a placeholder. A literal `{{` is written `\{{`. */
export function readTemplate(content: string, field = 'content'): Template {
  const clean = fitText(content);
  if (!clean.includes('{')) return { text: clean, paths: [] };
  const paths: string[] = [];
  const text = clean.replace(BRACES, (braces, literal: string | undefined, inner: string | undefined) => {
    if (braces.startsWith('\\') && literal === undefined) return braces;
    const path = literal ?? (inner === undefined ? undefined : PATH.exec(inner)?.[1]);
    if (braces === '{%')
      throw new ContentError(field, '{% is not supported, only {{ name }}; a literal one is \\{%');
    if (path === undefined)
      throw new ContentError(field, 'expected a name and }} after {{; a literal one is \\{{');
    paths.push(path);
    if (paths.length > MAX_PLACEHOLDERS)
      throw new ContentError(field, `has more than ${MAX_PLACEHOLDERS} placeholders`);
    return `${OPEN}${paths.length - 1}${CLOSE}`;
  });
  return { text, paths };
}

/** The values of the placeholders as text. Throws ContentError naming the placeholder that has none, or too long a one. */
export function readValues(paths: readonly string[], data: Record<string, unknown> = {}): string[] {
  let filled = 0;
  return paths.map((path) => {
    const value = readValue(path, data);
    filled += value.length;
    if (filled > MAX_FILLED)
      throw new ContentError(`data.${path}`, `exceeds ${MAX_FILLED} characters of values in all`);
    return value;
  });
}

function readValue(path: string, data: Record<string, unknown>): string {
  if (LITERALS.has(path)) return path;
  const value = path.split('.').reduce(ownProperty, data as unknown);
  if (value === undefined) throw new ContentError(`data.${path}`, 'is used by the content and has no value');
  if (typeof value === 'string') return fitText(value);
  if (typeof value === 'boolean' || Number.isFinite(value)) return `${value}`;
  throw new ContentError(`data.${path}`, 'must be a string, a finite number or a boolean');
}

/** The place of a value: the text before it, with its values filled in, and the text after it, with its places still open. */
export interface Place {
  /** Only the last `LONGEST_BEFORE` characters: scanning all of it for each value would take quadratic time. */
  before: string;
  after: string;
  /** The text before it with all places still open, so that nothing in it comes from outside. */
  own: string;
  /** Whether what it stands in ends with the line. */
  oneLine: boolean;
}

/** Marks the places of values in a text that must stay on one line. */
export function onOneLine(text: string): string {
  return text.replace(TOKEN, `${OPEN}l$2${CLOSE}`);
}

export type EncodeValue = (value: string, place: Place) => string;

/** Puts the values in place of the tokens, each passed through `encode`. */
export function fill(
  text: string,
  values: readonly string[],
  encode: EncodeValue = (value) => value,
): string {
  if (!text.includes(OPEN)) return text;
  let out = '';
  let before = '';
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const words = text.slice(end, match.index);
    before = lastOf(before + words);
    end = match.index + match[0].length;
    const value = encode(values[Number(match[2])] ?? '', {
      before,
      own: text.slice(0, match.index),
      after: text.slice(end),
      oneLine: match[1] !== '',
    });
    before = lastOf(before + value);
    out += words + value;
  }
  return out + text.slice(end);
}

const LONGEST_BEFORE = 4_096;
const lastOf = (text: string): string => text.slice(-LONGEST_BEFORE);

/** Only own properties: `constructor` and `toString` are not data. */
function ownProperty(value: unknown, key: string): unknown {
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return has ? (value as Record<string, unknown>)[key] : undefined;
}
