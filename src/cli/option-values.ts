import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { check } from '../message/check.ts';
import { problemsText } from '../message/problems.ts';

/** Makes a parser for an option's value from a schema: a refused value is wrong usage, and names the option. */
export function parsedBy<T>(schema: z.ZodType<T>): (text: string) => T {
  return (text) => {
    const checked = check(schema, text);
    if ('data' in checked) return checked.data;
    throw new InvalidArgumentError(`${problemsText(checked.problems)}.`);
  };
}

/** The same for an option that may be given several times. */
export function collected<T>(parse: (text: string) => T): (text: string, previous?: readonly T[]) => T[] {
  return (text, previous = []) => [...previous, parse(text)];
}
