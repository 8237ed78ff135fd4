import { z } from 'zod';

/**
 * A record of at most so many entries. They are counted before any of them is checked: each wrong entry is a problem of its
 * own, and wording thousands of these would hold up the event loop.
 */
export const boundedRecord = <Key extends z.core.$ZodRecordKey, Value extends z.core.SomeType>(
  most: number,
  key: Key,
  value: Value,
) =>
  z
    .record(z.string(), z.unknown())
    .refine((entries) => Object.keys(entries).length <= most, `expected at most ${most} entries`)
    .pipe(z.record(key, value))
    .meta({ maxProperties: most });
