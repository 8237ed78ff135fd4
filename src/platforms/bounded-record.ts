import { z } from 'zod';

/**
 * A record with a limit on its entries. They are counted before any is checked: each wrong entry is a problem of its own, and wording
 * thousands of problems would block the event loop.
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
