/**
 * A validation error of one field of an untrusted input. Problems are logged and stored with failed jobs, so they quote
 * only values that the schema marks as quotable, and only a few characters of them.
 */
export interface Problem {
  /** Dotted path of the field, empty for the input as a whole. */
  path: string;
  message: string;
}

const MAX_PROBLEMS = 10;
const MAX_QUOTED = 40;

/** `to.userId: expected a positive integer, got "x"` */
export const problemText = ({ path, message }: Problem): string => (path ? `${path}: ${message}` : message);

/** All problems on one line, truncated after the first ten. */
export function problemsText(problems: readonly Problem[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS).map(problemText).join('; ');
  return problems.length > MAX_PROBLEMS ? `${shown}; and ${problems.length - MAX_PROBLEMS} more` : shown;
}

/** Quotes untrusted text: control characters are escaped, and the text is truncated to fit a log line. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);

/** The suffix of a problem with a quotable value: `, got "x"`. */
export function got(value: unknown): string {
  if (typeof value === 'string')
    return value.length > MAX_QUOTED ? `, got ${value.length} characters` : `, got ${JSON.stringify(value)}`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `, got ${value}`;
  if (Array.isArray(value)) return ', got a list';
  if (value instanceof Date) return `, got ${Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'}`;
  return typeof value === 'object' ? ', got an object' : '';
}

/** The dotted path of a field. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'string' ? fieldName(key) : String(key))).join('.');
}

/** An untrusted field name: unquoted if it consists of word characters only. */
export function fieldName(name: string): string {
  return /^[\w-]{1,64}$/.test(name) ? name : quoted(name);
}
