import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { quotable } from '../../src/disclosure.ts';
import { check } from '../../src/message/check.ts';
import { problemText } from '../../src/message/problems.ts';

const problemsOf = (schema: z.ZodType, input: unknown): string[] => {
  const checked = check(schema, input);
  return 'problems' in checked ? checked.problems.map(problemText) : [];
};

const one = (field: z.ZodType, value: unknown): string | undefined =>
  problemsOf(z.strictObject({ field }), { field: value })[0];

it('says what was expected of a part of a text, which is not missing', () => {
  const list = z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(['a', 'b'])));
  expect(one(list, 'a,c')).toBe('field.1: expected one of a, b');
  expect(problemsOf(list, 'c')).toEqual(['0: expected one of a, b']);
  expect(one(list, undefined)).toBe('field: is missing');
});

describe('a schema that words nothing itself', () => {
  it.each([
    [z.string(), 1, 'field: expected text'],
    [z.int(), 1.5, 'field: expected a whole number'],
    [z.array(z.string()), 'x', 'field: expected a list'],
    [z.boolean(), 'x', 'field: expected true or false'],
    [z.string(), undefined, 'field: is missing'],
    [z.literal(1), undefined, 'field: is missing'],
    [z.enum(['a', 'b']), 'c', 'field: expected one of a, b'],
    [z.literal('a'), 'c', 'field: expected a'],
    [z.email(), 'x', 'field: expected an e-mail address'],
    [z.url(), 'x', 'field: expected a URL'],
    [z.iso.datetime(), 'x', 'field: expected an ISO instant such as 2026-01-31T12:00:00Z'],
    [z.uuid(), 'x', 'field: expected a valid uuid'],
    [z.string().regex(/^a+$/), 'b', 'field: expected text like /^a+$/'],
    [z.string().min(1), '', 'field: must not be empty'],
    [z.array(z.string()).min(1), [], 'field: must not be empty'],
    [z.string().min(2), 'a', 'field: expected at least 2 characters'],
    [z.array(z.string()).max(1), ['a', 'b'], 'field: expected at most 1 entry'],
    [z.number().positive(), 0, 'field: expected a positive number'],
    [z.number().min(5), 4, 'field: expected at least 5'],
    [z.number().refine(() => false), 4, 'field: is not valid'],
  ])('is worded by us: %#', (field, value, problem) => {
    expect(one(field, value)).toBe(problem);
  });

  it('leaves its own words alone, but for a value that is not there', () => {
    const field = z.string('expected a name of the house');
    expect(one(field, 1)).toBe('field: expected a name of the house');
    expect(one(field, undefined)).toBe('field: is missing');
  });
});

describe('alternatives', () => {
  const to = z.union([z.strictObject({ id: z.int() }), z.strictObject({ name: z.string() })]);

  it.each([
    [{}, 'expected one of id, name'],
    [{ id: 1, name: 'a' }, 'expected only one of name, id'],
    [{ id: 'x' }, 'id: expected a whole number'],
    [7, 'expected an object'],
  ])('name what is wrong with the closest: %j', (input, problem) => {
    expect(problemsOf(to, input)[0]).toBe(problem.replace('a whole number', 'a number'));
  });
});

describe('a value', () => {
  const named = (field: z.ZodType) => problemsOf(z.strictObject({ field }), { field: 'Ann' })[0];

  it('is quoted where its field is marked, however the field was made', () => {
    const marked = 'field: expected a number, got "Ann"';
    for (const field of [
      quotable(z.number()),
      quotable(z.number()).optional(),
      quotable(z.number()).default(1),
      quotable(z.number()).meta({ title: 'a number' }),
    ])
      expect(named(field)).toBe(marked);
    expect(problemsOf(quotable(z.strictObject({ field: z.number() })), { field: 'Ann' })[0]).toBe(marked);
    expect(named(z.number())).toBe('field: expected a number');
  });

  it('is quoted only where all alternatives that have its field mark it', () => {
    const kinds = (second: z.ZodType) =>
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: quotable(z.literal('a')), field: quotable(z.number()) }),
        z.strictObject({ kind: quotable(z.literal('b')), field: second }),
        z.strictObject({ kind: quotable(z.literal('c')) }),
      ]);
    const given = { kind: 'a', field: 'Ann' };
    expect(problemsOf(kinds(quotable(z.number())), given)[0]).toContain('got "Ann"');
    expect(problemsOf(kinds(z.number()), given)[0]).not.toContain('Ann');
    expect(problemsOf(kinds(z.number()), { kind: 'x' })).toEqual(['kind: expected one of a, b, c, got "x"']);
  });

  it('is told by its length where it is long', () => {
    const field = quotable(z.number());
    expect(one(field, 'x'.repeat(99))).toBe('field: expected a number, got 99 characters');
  });
});
