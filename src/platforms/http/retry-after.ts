/** Longer rests are a mistake; one request a day is harmless. */
export const MAX_REST_MS = 24 * 60 * 60 * 1000;
/** Shorter ones would have the same message refused again and again. */
export const MIN_REST_MS = 100;

const SECONDS = /^\d+(?:\.\d*)?$|^\.\d+$/;
/** The three forms of a date in HTTP (RFC 9110, 5.6.7); `Date.parse` alone would take nearly anything. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/;

/** Between two values that a proxy joined; a comma within a date is followed by its day. */
const BETWEEN_VALUES = /,(?!\s*\d{1,2}[ -][A-Za-z])/;

/**
 * Reads the value of a `Retry-After` header or of its likes in a body: seconds, whole or fractional, as number or
 * text, or an HTTP date. A header that came more than once is a list, or one text with commas: the longest holds.
 * Returns milliseconds from `now`, at least `MIN_REST_MS` and at most `MAX_REST_MS`; `undefined` for whatever names no
 * time that is still to come: nonsense, zero, a date that is past.
 */
export function restMs(value: unknown, now: number): number | undefined {
  return longest(valuesOf(value).map((one) => singleRestMs(one, now)));
}

/** The longest of several rests; undefined where there is none. */
export function longest(rests: readonly (number | undefined)[]): number | undefined {
  const given = rests.filter((rest) => rest !== undefined);
  return given.length === 0 ? undefined : Math.max(...given);
}

function valuesOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(valuesOf);
  return typeof value === 'string' ? value.split(BETWEEN_VALUES) : [value];
}

function singleRestMs(value: unknown, now: number): number | undefined {
  if (typeof value === 'number') return limited(value * 1000);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (SECONDS.test(text)) return limited(Number(text) * 1000);
  if (!HTTP_DATE.test(text)) return undefined;
  // The oldest form names no zone and means GMT anyway.
  return limited(Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) - now);
}

function limited(ms: number): number | undefined {
  if (!Number.isFinite(ms) || ms <= 0) return undefined;
  return Math.ceil(Math.min(Math.max(ms, MIN_REST_MS), MAX_REST_MS));
}
