import type { Problem } from '../message/problems.ts';

/**
 * Replaces `${NAME}` and `${NAME:-default}` in the strings of a configuration. `NAME_FILE` names a file that holds the
 * value, which is how container platforms provide secrets. `$${` stands for a literal `${`. Values are inserted after the
 * file is parsed and are not interpolated again, so a value can never change the structure. A placeholder that cannot be
 * resolved stays as written, so that the rest can still be checked.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Interpolation {
  env: Environment;
  /** Reads the file that `NAME_FILE` names. */
  readFile: (path: string) => string;
  /** Selects the fields that are not interpolated. */
  skip: (path: readonly string[]) => boolean;
}

/** A YAML alias may contain itself. */
const MAX_DEPTH = 16;

interface Interpolated {
  value: unknown;
  problems: Problem[];
}

export function interpolate(source: unknown, options: Interpolation): Interpolated {
  const problems: Problem[] = [];
  const walk = (value: unknown, path: readonly string[]): unknown => {
    if (path.length > MAX_DEPTH) {
      problems.push({ path: path.slice(0, 3).join('.'), message: 'is nested too deeply' });
      return null;
    }
    if (typeof value === 'string') return options.skip(path) ? value : fill(value, path);
    if (Array.isArray(value)) return value.map((inner, index) => walk(inner, [...path, String(index)]));
    // An instance of a class, such as a Redis client, is rejected by the schema of its field.
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, walk(inner, [...path, key])]),
    );
  };
  const fill = (text: string, path: readonly string[]): string =>
    text.replace(/\$\$\{|\$\{([^}]*)\}?/g, (whole: string, body: string | undefined) => {
      if (body === undefined) return '${';
      const found = whole.endsWith('}')
        ? resolve(body, options)
        : { problem: 'has a placeholder without its closing brace' };
      if ('value' in found) return found.value;
      problems.push({ path: path.join('.'), message: found.problem });
      return whole;
    });
  return { value: walk(source, []), problems };
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

type Found = { value: string } | { problem: string };

function resolve(body: string, { env, readFile }: Interpolation): Found {
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(body) ?? [];
  if (name === undefined) return { problem: 'has a placeholder that is neither NAME nor NAME:-default' };
  // It ends at the first closing brace, so the rest would stay behind the value.
  if (fallback?.includes('${')) return { problem: `the default of ${name} cannot hold a placeholder` };
  const value = env[name];
  const file = env[`${name}_FILE`];
  if (value && file) return { problem: `both ${name} and ${name}_FILE are set: unset one of them` };
  if (value) return { value };
  if (file) return fromFile(name, file, readFile);
  if (fallback !== undefined) return { value: fallback };
  return { problem: `the environment variable ${name} is ${value === '' ? 'empty' : 'not set'}` };
}

function fromFile(name: string, path: string, readFile: (path: string) => string): Found {
  try {
    // Editors and shells add a line end, which is not part of the secret.
    const value = readFile(path).replace(/[\r\n]+$/, '');
    if (value === '') return { problem: `the file that ${name}_FILE names is empty` };
    // Redis or a platform would refuse such a password, without being able to say why.
    if (/\p{Cc}/u.test(value))
      return { problem: `the file that ${name}_FILE names holds more than one line, or control characters` };
    return { value };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    return { problem: `the file that ${name}_FILE names cannot be read (${code})` };
  }
}
