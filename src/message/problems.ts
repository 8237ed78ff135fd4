import type { z } from 'zod';

/**
 * What is wrong with an input that came from outside, told by field. Values are quoted only where the caller says that
 * the field may be shown, and never beyond a few characters: problems end up in logs and in job failures.
 */
export interface Problem {
  /** Dotted path of the field, empty for the input as a whole. */
  path: string;
  message: string;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

const MAX_PROBLEMS = 10;
const MAX_QUOTED = 40;

/** `to.userId: expected a positive integer, got "x"` */
export const problemText = ({ path, message }: Problem): string => (path ? `${path}: ${message}` : message);

/** One line for all of them, cut after the first ten. */
export function problemsText(problems: readonly Problem[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS).map(problemText).join('; ');
  return problems.length > MAX_PROBLEMS ? `${shown}; and ${problems.length - MAX_PROBLEMS} more` : shown;
}

/**
 * Turns the issues of a zod schema into problems.
 * @param showable whether the value of a top-level field may be quoted (never: content, secrets)
 */
export function toProblems(
  issues: readonly Issue[],
  input: unknown,
  showable: (field: string) => boolean,
): Problem[] {
  return issues.flatMap((issue) => describe(issue, [], input, showable));
}

/** Text of another's choosing, quoted: control characters escaped, cut to a length that a log line can bear. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);

function describe(issue: Issue, base: Path, input: unknown, showable: (field: string) => boolean): Problem[] {
  const path = [...base, ...issue.path];
  const at = (key: Path, message: string): Problem => ({ path: pathText(key), message });
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => at([...path, key], 'is not a known field'));
  if (issue.code === 'invalid_key') return [at(path, `has a bad name: ${lower(issue.issues[0])}`)];
  if (issue.code === 'invalid_union' && !custom(issue.message)) {
    const choice = choiceOf(issue.errors);
    if (choice) return [at(path, choice)];
    const branch = closest(issue.errors);
    if (branch) return branch.flatMap((inner) => describe(inner, path, input, showable));
  }
  const value = valueAt(input, path);
  if (value === undefined && issue.code !== 'custom') return [at(path, 'is missing')];
  const shown = showable(String(path[0] ?? '')) ? got(value) : '';
  return [at(path, `${lower(issue)}${shown}`)];
}

/** The alternative that the writer most likely meant: of the right kind as a whole, then with the fewest strangers. */
function closest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const distance = (branch: readonly Issue[]): number => {
    const wrongKind = branch.some(({ code, path }) => path.length === 0 && code !== 'unrecognized_keys');
    const strangers = branch.filter(({ code }) => code === 'unrecognized_keys').length;
    return (wrongKind ? 1000 : 0) + strangers * 100 + branch.length;
  };
  return branches.toSorted((a, b) => distance(a) - distance(b))[0];
}

/** Alternatives told apart by the one field they have, of which none or several were given. */
function choiceOf(branches: readonly (readonly Issue[])[]): string | undefined {
  const strangers = branches.map((branch) =>
    branch.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : [])),
  );
  if (branches.length < 2) return undefined;
  if (branches.every((branch) => branch.every(({ code }) => code === 'unrecognized_keys')))
    return `expected only one of ${[...new Set(strangers.flat())].slice(0, 5).map(quotable).join(', ')}`;
  const missing = branches.map(([issue, ...rest]) =>
    rest.length === 0 && issue && isMissing(issue) ? String(issue.path[0]) : undefined,
  );
  return missing.every((name) => name !== undefined) ? `expected one of ${missing.join(', ')}` : undefined;
}

const isMissing = ({ code, message, path }: Issue): boolean =>
  code === 'invalid_type' && path.length === 1 && message.endsWith('received undefined');

const NAMED_TYPES: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

function lower(issue: Issue | undefined): string {
  switch (issue?.code) {
    case 'invalid_type':
      return custom(issue.message) ?? `expected ${NAMED_TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return custom(issue.message) ?? `expected ${oneOf(issue.values)}`;
    case 'invalid_union':
      return (
        custom(issue.message) ?? `expected ${oneOf('options' in issue ? (issue.options as string[]) : [])}`
      );
    case 'invalid_format':
      return custom(issue.message) ?? formatText(issue.format, issue.pattern);
    case 'too_small':
      return custom(issue.message) ?? tooSmall(issue.minimum, issue.origin, issue.inclusive ?? true);
    case 'too_big':
      return custom(issue.message) ?? `expected at most ${issue.maximum}${unit(issue.origin)}`;
    default:
      return issue?.message ?? 'is not valid';
  }
}

const FORMATS: Record<string, string> = {
  datetime: 'expected an ISO instant such as 2026-01-31T12:00:00Z',
  url: 'expected a URL',
};

const formatText = (format: string, pattern: string | undefined): string =>
  FORMATS[format] ?? (format === 'regex' ? `expected text like ${pattern}` : `expected a valid ${format}`);

function tooSmall(minimum: number | bigint, origin: string, inclusive: boolean): string {
  if (origin === 'string' && Number(minimum) === 1) return 'must not be empty';
  if (origin === 'number' && Number(minimum) === 0 && !inclusive) return 'expected a positive number';
  return `expected ${inclusive ? 'at least' : 'more than'} ${minimum}${unit(origin)}`;
}

const unit = (origin: string): string =>
  origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';

const oneOf = (values: readonly unknown[]): string =>
  values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(', ')}`;

/** A schema's own wording goes before ours; zod's English defaults do not. */
const custom = (message: string): string | undefined =>
  /^(Invalid|Too|Unrecognized)/.test(message) ? undefined : message;

function got(value: unknown): string {
  if (typeof value === 'string')
    return value.length > MAX_QUOTED ? `, got ${value.length} characters` : `, got ${JSON.stringify(value)}`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `, got ${value}`;
  if (Array.isArray(value)) return ', got a list';
  return typeof value === 'object' ? ', got an object' : '';
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function pathText(path: Path): string {
  return path.map((key) => (typeof key === 'string' ? quotable(key) : String(key))).join('.');
}

/** A name that came from outside: as it is where it looks like one. */
function quotable(name: string): string {
  return /^[\w-]{1,64}$/.test(name) ? name : quoted(name);
}
