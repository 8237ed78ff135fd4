import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';

/** Makes a parser of an option's value from a schema: what it refuses becomes wrong usage, naming the option. */
export function parsedBy<T>(schema: z.ZodType<T>): (text: string) => T {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`${parsed.error.issues[0]?.message ?? 'is not valid'}.`);
  };
}

/** The same for an option that may be given several times. */
export function collected<T>(parse: (text: string) => T): (text: string, previous?: readonly T[]) => T[] {
  return (text, previous = []) => [...previous, parse(text)];
}
