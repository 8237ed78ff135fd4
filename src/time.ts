import ms from 'ms';
import { z } from 'zod';

/** Parses instants and durations given by applications, files and operators. On the wire an instant is ISO text. */

/** A Date, or ISO 8601 text with `Z` or an offset. */
export type Instant = Date | string;

/** Milliseconds, or text with a unit: `500ms`, `10s`, `5m`, `12h`, `14d`. */
export type Duration = number | string;

const INSTANT_WANTED = 'expected an ISO instant such as 2026-01-31T12:00:00Z';
const DURATION_WANTED = 'expected a duration such as 500ms, 5s, 10m or 14d';

/** Seconds, their fraction, and the colon of the offset are optional. */
const ISO = /^(\d{4}-\d{2}-\d{2})T(?!24)\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i;
/** Milliseconds since the epoch as text, as in files; from September 2001 on. */
const EPOCH_MS = /^\d{13,16}$/;

/** The last instant of a Date, in milliseconds since the epoch. */
export const LAST_INSTANT = 8.64e15;

/** Whether a Date can be made of it: a foreign producer may have written anything. */
export const isInstant = (ms: number): boolean => Math.abs(ms) <= LAST_INSTANT;

/** Null for what a foreign producer wrote in the place of an instant. */
export const foreignInstantText = (ms: number): string | null =>
  isInstant(ms) ? new Date(ms).toISOString() : null;

/** @returns undefined for a value that is neither an Instant nor milliseconds since the epoch (a number, or digits) */
export function parseInstant(value: unknown): Date | undefined {
  const isMs =
    (typeof value === 'number' && value >= 0) || (typeof value === 'string' && EPOCH_MS.test(value));
  const day = typeof value === 'string' ? ISO.exec(value)?.[1] : undefined;
  if (!isMs && !(value instanceof Date) && day === undefined) return undefined;
  const date = new Date(isMs ? Number(value) : (value as string | Date));
  return Number.isNaN(date.getTime()) || (day !== undefined && !isDay(day)) ? undefined : date;
}

/** A Date takes 31 February for 3 March. */
const isDay = (day: string): boolean => new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);

/** The zod schema of an instant. */
export const instant = () =>
  parsed(z.union([z.date(), z.string(), z.number()], INSTANT_WANTED), parseInstant, INSTANT_WANTED);

const WITH_UNIT = /^\d+(\.\d+)?\s*(ms|s|m|h|d|w)$/;

/** @returns whole milliseconds; undefined for a value that is not a duration, such as text without a unit, which is ambiguous */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value) : undefined;
  const text = typeof value === 'string' ? value.trim() : '';
  return WITH_UNIT.test(text) ? Math.round(ms(text as ms.StringValue)) : undefined;
}

const LONGEST_MS = 366 * 24 * 60 * 60 * 1000;

interface Range {
  /** The shortest valid duration, milliseconds. */
  from?: number;
  to?: number;
}

/** The zod schema of a duration; parses to milliseconds. */
export function duration({ from = 1, to = LONGEST_MS }: Range = {}) {
  return parsed(z.union([z.number(), z.string()], DURATION_WANTED), parseDuration, DURATION_WANTED)
    .refine((value) => value >= from && value <= to, `expected a duration from ${ms(from)} to ${ms(to)}`)
    .meta({ type: 'duration' });
}

const parsed = <T extends z.ZodType, R>(given: T, parse: (value: unknown) => R | undefined, wanted: string) =>
  given.transform((value, context): R => {
    const result = parse(value);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });

/** @throws TypeError that names the option */
export function durationOption(name: string, value: unknown, range: Required<Range>): number {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined && milliseconds >= range.from && milliseconds <= range.to)
    return milliseconds;
  throw new TypeError(
    `${name}: expected milliseconds or a duration such as 10s, from ${ms(range.from)} to ${ms(range.to)}`,
  );
}
