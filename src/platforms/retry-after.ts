/** Longer rests are a mistake of somebody's; asking once a day costs nobody anything. */
export const MAX_REST_MS = 24 * 60 * 60 * 1000;

const SECONDS = /^\d+(?:\.\d*)?$|^\.\d+$/;
/** The three forms of a date in HTTP (RFC 9110, 5.6.7); `Date.parse` alone would take nearly anything. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/;

/**
 * Reads the value of a `Retry-After` header or of its likes in a body: seconds, whole or fractional, as number or
 * text, or an HTTP date. Returns milliseconds from `now`, never negative and at most `MAX_REST_MS`; `undefined` for
 * whatever says nothing.
 */
export function restMs(value: unknown, now: number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? limited(value * 1000) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (SECONDS.test(text)) return limited(Number(text) * 1000);
  if (!HTTP_DATE.test(text)) return undefined;
  // The oldest form names no zone and means GMT all the same.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : limited(at - now);
}

function limited(ms: number): number {
  return Math.ceil(Math.min(Math.max(ms, 0), MAX_REST_MS));
}
