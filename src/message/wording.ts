import type { z } from 'zod';

/**
 * Zod's error map with Herald's texts, for schemas without a text of their own. A text continues the name of the field
 * (`to.userId: expected a number`).
 */

export const MISSING = 'is missing';
/** Marks a union of which no branch matched; replaced by the problems of the closest branch. */
export const NO_ALTERNATIVE = 'matches none of the alternatives';

export const wording: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? MISSING : `expected ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.input === undefined ? MISSING : `expected ${oneOf(issue.values)}`;
    case 'invalid_union':
      return issue.options ? `expected ${oneOf(issue.options as readonly unknown[])}` : NO_ALTERNATIVE;
    case 'invalid_format':
      return FORMATS[issue.format] ?? formatText(issue.format, issue.pattern);
    case 'too_small':
      return tooSmall(issue.minimum, issue.origin, issue.inclusive ?? true);
    case 'too_big':
      return `expected at most ${issue.maximum}${unit(issue.origin, issue.maximum)}`;
    case 'unrecognized_keys':
      return 'is not a known field';
    default:
      return 'is not valid';
  }
};

const TYPES: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

const FORMATS: Record<string, string> = {
  datetime: 'expected an ISO instant such as 2026-01-31T12:00:00Z',
  email: 'expected an e-mail address',
  url: 'expected a URL',
};

const formatText = (format: string, pattern: string | undefined): string =>
  format === 'regex' ? `expected text like ${pattern}` : `expected a valid ${format}`;

function tooSmall(minimum: number | bigint, origin: string, inclusive: boolean): string {
  const isSized = origin === 'string' || origin === 'array';
  if (isSized && Number(minimum) === 1) return 'must not be empty';
  if (!isSized && Number(minimum) === 0 && !inclusive) return 'expected a positive number';
  return `expected ${inclusive ? 'at least' : 'more than'} ${minimum}${unit(origin, minimum)}`;
}

const UNITS: Record<string, readonly [one: string, many: string]> = {
  string: [' character', ' characters'],
  array: [' entry', ' entries'],
};

const unit = (origin: string, count: number | bigint): string =>
  UNITS[origin]?.[Number(count) === 1 ? 0 : 1] ?? '';

const oneOf = (values: readonly unknown[]): string =>
  values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(', ')}`;
