import { z } from 'zod';
import { flag } from '../platforms/channel-fields.ts';

/**
 * Schemas of configuration values. Each accepts text, since a value may come from the environment. `type` is the name used
 * in the documentation.
 */

/** An IANA time zone that this version of Node supports. */
export const timeZone = z
  .string()
  .refine(isTimeZone, 'expected an IANA time zone such as UTC or Europe/Berlin')
  .meta({ type: 'IANA time zone' });

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Shared with other folders. */
export { count, flag } from '../platforms/channel-fields.ts';
export { duration } from '../time.ts';

const WANTED_SHARE = 'expected a number from 0 to 1';

/** From 0 to 1. */
export const share = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^\d*\.?\d+$/)
        .transform(Number),
    ],
    WANTED_SHARE,
  )
  .refine((value) => value >= 0 && value <= 1, WANTED_SHARE)
  .meta({ type: 'number' });

/** An error for values that are not objects; for an object, the errors of its fields are more precise. */
export const unlessFields = (wording: string) => ({
  error: ({ input }: { input?: unknown }) =>
    typeof input === 'object' && input !== null ? undefined : wording,
});

/** A part that can be turned off: `false`, `true` for its defaults, or an object of its fields. */
export const switchable = <T extends z.ZodType>(schema: T, standard: z.output<T> | null, on: z.output<T>) =>
  z
    .union([flag(), schema], unlessFields('expected true, false or an object of its settings'))
    .optional()
    .transform((value) => {
      if (value === undefined) return standard;
      return value === false ? null : value === true ? on : (value as z.output<T>);
    });
