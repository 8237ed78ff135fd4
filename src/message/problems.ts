/**
 * What is wrong with an input that came from outside, by field. Problems end up in logs and in job failures, so they quote
 * only values that the schema marks as quotable, and never more than a few characters.
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

/** One line for all of them, cut after the first ten. */
export function problemsText(problems: readonly Problem[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS).map(problemText).join('; ');
  return problems.length > MAX_PROBLEMS ? `${shown}; and ${problems.length - MAX_PROBLEMS} more` : shown;
}

/** Text of another's choosing, quoted: control characters escaped, cut to a length that a log line can bear. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);

/** The end of a sentence about a value that may be quoted: `, got "x"`. */
export function got(value: unknown): string {
  if (typeof value === 'string')
    return value.length > MAX_QUOTED ? `, got ${value.length} characters` : `, got ${JSON.stringify(value)}`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `, got ${value}`;
  if (Array.isArray(value)) return ', got a list';
  return typeof value === 'object' ? ', got an object' : '';
}

/** The dotted path of a field. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'string' ? fieldName(key) : String(key))).join('.');
}

/** A name that came from outside: as it is where it looks like one. */
export function fieldName(name: string): string {
  return /^[\w-]{1,64}$/.test(name) ? name : quoted(name);
}
