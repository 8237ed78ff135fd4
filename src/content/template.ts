import { ContentError } from './content.ts';

/**
 * `{{ name }}` and `{{ a.b }}`. Each placeholder becomes a token before the Markdown is parsed and its value after, so
 * the parser sees one plain word and never the value. The tokens are made of noncharacters, which Unicode keeps for
 * such inner use; in the caller's own text they are replaced.
 */
const OPEN = '\uFDD0';
const CLOSE = '\uFDD1';
/** The tokens' own characters; halves of surrogate pairs, which no encoder takes; NUL, which databases refuse. */
const UNFIT = /[\0\uFDD0\uFDD1\p{Cs}]/gu;
const TOKEN = /\uFDD0(\d+)\uFDD1/g;
const BRACES = /\{\{([^{}]*)\}\}|\{\{|\{%/g;
const PATH = /^\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\s*$/;

/** Each placeholder costs a look at the text around it, and may ask for the same long value as all the others. */
const MOST_PLACEHOLDERS = 500;
const MOST_FILLED = 64 * 1024;

export interface Template {
  /** The text with a token for each placeholder. */
  text: string;
  /** The dotted path behind the token of each number. */
  paths: readonly string[];
}

/** Throws ContentError for `{%` and for braces that are not a placeholder. A literal `{{` is written `\{\{`. */
export function readTemplate(content: string, field = 'content'): Template {
  const clean = content.replace(UNFIT, '\uFFFD');
  if (!clean.includes('{')) return { text: clean, paths: [] };
  const paths: string[] = [];
  const text = clean.replace(BRACES, (braces, inner: string | undefined) => {
    const path = inner === undefined ? undefined : PATH.exec(inner)?.[1];
    if (braces === '{%') throw new ContentError(field, '{% is not supported, only {{ name }}');
    if (path === undefined) throw new ContentError(field, 'after {{ comes a name and }}');
    paths.push(path);
    if (paths.length > MOST_PLACEHOLDERS)
      throw new ContentError(field, `has more than ${MOST_PLACEHOLDERS} placeholders`);
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
    if (filled > MOST_FILLED)
      throw new ContentError(`data.${path}`, `makes more than ${MOST_FILLED} characters of values`);
    return value;
  });
}

function readValue(path: string, data: Record<string, unknown>): string {
  const value = path.split('.').reduce(ownProperty, data as unknown);
  if (value === undefined)
    throw new ContentError(`data.${path}`, 'the content asks for it and it has no value');
  if (typeof value === 'string') return value.replace(UNFIT, '\uFFFD');
  if (typeof value === 'boolean' || Number.isFinite(value)) return `${value}`;
  throw new ContentError(`data.${path}`, 'must be a text, a finite number or a boolean');
}

/** Where a value stands: the text before it, values in it already filled, and the text behind it, theirs still open. */
export interface Place {
  before: string;
  after: string;
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
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    out += text.slice(end, match.index);
    end = match.index + match[0].length;
    out += encode(values[Number(match[1])] ?? '', { before: out, after: text.slice(end) });
  }
  return out + text.slice(end);
}

/** What was inherited (`constructor`, `toString`) was not given. */
function ownProperty(value: unknown, key: string): unknown {
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return has ? (value as Record<string, unknown>)[key] : undefined;
}
