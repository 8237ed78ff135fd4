import { z } from 'zod';

/**
 * What of a field's value may be shown, marked on the field's schema. A field without a mark is not quoted in errors, since it
 * may hold what a person wrote.
 * - `quotable`: errors may quote the value.
 * - `confidential`: what people write to each other; neither errors nor logs repeat it.
 * - `secret`: a credential; resolved only by what sends, never shown and never logged.
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
 * The mark of a field, also where it was made optional or was given a default afterwards. What is to stay hidden stays so through
 * a transformation, and where it is one of several kinds of value.
 */
export function disclosureOf(field: z.core.$ZodType): Disclosure | undefined {
  const mark = marks.get(field as z.ZodType)?.disclosure;
  if (mark !== undefined) return mark;
  const { innerType, in: from, out: to, options = [] } = field._zod.def as FieldParts;
  if (innerType) return disclosureOf(innerType);
  const found = [from, to, ...options].map((part) => part && disclosureOf(part));
  return (['secret', 'confidential'] as const).find((hidden) => found.includes(hidden));
}

/** Of which other fields one is made: wrapped, piped or alternatives. */
interface FieldParts {
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  out?: z.core.$ZodType;
  options?: readonly z.core.$ZodType[];
}

/** The names of the fields with this mark, in the order of the shape. */
export const fieldsMarked = (shape: z.core.$ZodShape, disclosure: Disclosure): string[] =>
  Object.keys(shape).filter((name) => disclosureOf(shape[name]!) === disclosure);
