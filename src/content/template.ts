import { ContentError } from '../platforms/port.ts';

/**
 * `{{ name }}` and `{{ a.b }}`. Each placeholder becomes a token before the Markdown is parsed and its value after, so
 * the parser sees one plain word and never the value. The tokens are made of noncharacters, which Unicode keeps for
 * such inner use; in the caller's own text they are replaced.
 */
const OPEN = '\uFDD0';
const CLOSE = '\uFDD1';
/** The tokens' own characters, and halves of surrogate pairs, which no encoder takes. */
const UNFIT = /[\uFDD0\uFDD1\p{Cs}]/gu;
const TOKEN = /\uFDD0(\d+)\uFDD1/g;
const BRACES = /\{\{([^{}]*)\}\}|\{\{|\{%/g;
const PATH = /^\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\s*$/;

export interface Template {
  /** The text with a token for each placeholder. */
  text: string;
  /** The dotted path behind the token of each number. */
  paths: readonly string[];
}

/** Throws ContentError for `{%` and for braces that are not a placeholder. A literal `{{` is written `\{\{`. */
export function readTemplate(content: string): Template {
  const clean = content.replace(UNFIT, '\uFFFD');
  if (!clean.includes('{')) return { text: clean, paths: [] };
  const paths: string[] = [];
  const text = clean.replace(BRACES, (braces, inner: string | undefined) => {
    const path = inner === undefined ? undefined : PATH.exec(inner)?.[1];
    if (braces === '{%') throw new ContentError('content', '{% is not supported, only {{ name }}');
    if (path === undefined) throw new ContentError('content', 'after {{ comes a name and }}');
    paths.push(path);
    return `${OPEN}${paths.length - 1}${CLOSE}`;
  });
  return { text, paths };
}

/** The values of the placeholders as text. Throws ContentError naming the placeholder that has none. */
export function readValues(paths: readonly string[], data: Record<string, unknown> = {}): string[] {
  return paths.map((path) => {
    const value = path.split('.').reduce(ownProperty, data as unknown);
    if (value === undefined)
      throw new ContentError(`data.${path}`, 'the content asks for it and it has no value');
    if (typeof value === 'string') return value.replace(UNFIT, '\uFFFD');
    if (typeof value === 'boolean' || Number.isFinite(value)) return `${value}`;
    throw new ContentError(`data.${path}`, 'must be a text, a finite number or a boolean');
  });
}

/** Puts the values in place of the tokens, each passed through `encode`. */
export function fill(
  text: string,
  values: readonly string[],
  encode: (value: string) => string = (value) => value,
): string {
  if (!text.includes(OPEN)) return text;
  return text.replace(TOKEN, (_, index: string) => encode(values[Number(index)] ?? ''));
}

/** Where the first placeholder stands, or -1. */
export function firstToken(text: string): number {
  return text.indexOf(OPEN);
}

/** What was inherited (`constructor`, `toString`) was not given. */
function ownProperty(value: unknown, key: string): unknown {
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return has ? (value as Record<string, unknown>)[key] : undefined;
}
