import { z } from 'zod';

/**
 * Marks on the schema of a field: how much of its value may be shown. A field without a mark is not quoted in errors, since
 * it may hold text that a person wrote.
 * - `quotable`: errors may quote the value.
 * - `confidential`: the content of messages; never in errors or logs.
 * - `secret`: a credential; resolved only by processes that send, never shown and never logged.
 */
export type Disclosure = 'quotable' | 'confidential' | 'secret';

const marks = z.registry<{ disclosure: Disclosure }>();

const marked =
  (disclosure: Disclosure) =>
  <T extends z.ZodType>(field: T): T => {
    marks.add(field, { disclosure });
    return field;
  };

export const quotable = marked('quotable');
export const confidential = marked('confidential');
export const secret = marked('secret');

/**
 * Returns the mark of a field, also if it was made optional or given a default later. A transformation or union inherits
 * `secret` or `confidential` from any of its parts, but not `quotable`.
 */
export function disclosureOf(field: z.core.$ZodType): Disclosure | undefined {
  const mark = marks.get(field as z.ZodType)?.disclosure;
  if (mark !== undefined) return mark;
  const { innerType, in: from, out: to, options = [] } = field._zod.def as FieldParts;
  if (innerType) return disclosureOf(innerType);
  const found = [from, to, ...options].map((part) => part && disclosureOf(part));
  return (['secret', 'confidential'] as const).find((hidden) => found.includes(hidden));
}

/** The schemas inside a schema: wrapped, piped or alternatives. */
interface FieldParts {
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  out?: z.core.$ZodType;
  options?: readonly z.core.$ZodType[];
}

/** The names of the fields with this mark, in the order of the shape. */
export const fieldsMarked = (shape: z.core.$ZodShape, disclosure: Disclosure): string[] =>
  Object.keys(shape).filter((name) => disclosureOf(shape[name]!) === disclosure);
