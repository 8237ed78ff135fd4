import { z } from 'zod';
import { disclosureOf } from '../disclosure.ts';
import { nearestName } from './nearest-name.ts';
import { fieldName, got, type Problem, pathText } from './problems.ts';
import { MISSING, NO_ALTERNATIVE, wording } from './wording.ts';

/** Checks an input that came from outside against a zod schema. */

export type Checked<T> = { data: T } | { problems: Problem[] };

/** @returns every problem of the input, by field; values are quoted only where the schema marks the field as quotable */
export function check<T>(schema: z.ZodType<T>, input: unknown): Checked<T> {
  const parsed = schema.safeParse(input, { error: wording });
  if (parsed.success) return { data: parsed.data };
  return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, [], { schema, input })) };
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

interface Input {
  schema: z.ZodType;
  input: unknown;
}

/** Hints are sought for this many unknown fields only: each takes time, and thousands of them are not typing mistakes. */
const MOST_HINTS = 10;

function problemsOf(issue: Issue, base: Path, of: Input): Problem[] {
  const path = [...base, ...issue.path];
  const at = (key: Path, message: string): Problem => ({ path: pathText(key), message });
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key, i) => {
      const hint = i < MOST_HINTS ? meant(key, path, of.schema) : '';
      return at([...path, key], `${issue.message}${hint}`);
    });
  if (issue.code === 'invalid_key')
    return [at(path, `is not a valid name: ${issue.issues[0]?.message ?? issue.message}`)];
  if (issue.code === 'invalid_union' && issue.message === NO_ALTERNATIVE) {
    const choice = choiceOf(issue.errors);
    if (choice) return [at(path, choice)];
    const branch = closest(issue.errors);
    if (branch) return branch.flatMap((inner) => problemsOf(inner, path, of));
  }
  const value = valueAt(of.input, path);
  // The error texts of schemas say what was expected, but not that the field is missing. A part of a text is not: a list in one.
  const isPart = typeof valueAt(of.input, path.slice(0, -1)) === 'string';
  if (value === undefined && issue.code !== 'custom' && !isPart) return [at(path, MISSING)];
  return [at(path, `${issue.message}${isQuotable(path, of.schema) ? got(value) : ''}`)];
}

/** The hint for a misspelt field of the input itself, if every object that the input may be has the suggested field. */
function meant(key: string, { length }: Path, schema: z.ZodType): string {
  const [first, ...others] = length > 0 ? [] : objectsOf(schema).map(({ shape }) => shape);
  const known = Object.keys(first ?? {}).filter((name) =>
    others.every((shape) => Object.hasOwn(shape, name)),
  );
  const name = nearestName(key, known);
  return name === undefined ? '' : `: did you mean ${name}?`;
}

/** The branch that was most likely intended: one whose type matches as a whole, then the one with the fewest unknown fields. */
function closest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const distance = (branch: readonly Issue[]): number => {
    const wrongKind = branch.some(({ code, path }) => path.length === 0 && code !== 'unrecognized_keys');
    const unknownFields = branch.filter(({ code }) => code === 'unrecognized_keys').length;
    return (wrongKind ? 1000 : 0) + unknownFields * 100 + branch.length;
  };
  return branches.toSorted((a, b) => distance(a) - distance(b))[0];
}

/** The problem of a union whose branches have one field each, if none or several of these fields were given. */
function choiceOf(branches: readonly (readonly Issue[])[]): string | undefined {
  if (branches.length < 2) return undefined;
  if (branches.every((branch) => branch.every(({ code }) => code === 'unrecognized_keys'))) {
    const keys = branches.flat().flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
    return `expected only one of ${[...new Set(keys)].slice(0, 5).map(fieldName).join(', ')}`;
  }
  const missing = branches.map(([issue, ...rest]) =>
    rest.length === 0 && issue?.path.length === 1 && issue.message === MISSING
      ? String(issue.path[0])
      : undefined,
  );
  return missing.every((name) => name !== undefined) ? `expected one of ${missing.join(', ')}` : undefined;
}

/** Whether every branch that has the first field of the path marks this field, or all of its fields, as quotable. */
function isQuotable([field]: Path, schema: z.ZodType): boolean {
  if (field === undefined) return disclosureOf(schema) === 'quotable';
  const owners = objectsOf(schema).filter(({ shape }) => Object.hasOwn(shape, field));
  return (
    owners.length > 0 &&
    owners.every((owner) =>
      [owner, owner.shape[String(field)]!].some((one) => disclosureOf(one) === 'quotable'),
    )
  );
}

/** The objects that an input of this schema may be. */
export function objectsOf(schema: z.core.$ZodType): z.ZodObject[] {
  if (schema instanceof z.ZodObject) return [schema];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(objectsOf);
  return schema instanceof z.ZodPipe ? objectsOf(schema.in) : [];
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
