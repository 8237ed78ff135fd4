import ms from 'ms';
import { z } from 'zod';
import { isRedisUrl, REDIS_URL_WANTED } from '../redis/url.ts';

/**
 * The kinds of values that a configuration is written in. Whole values may come out of the environment as text. `type` is
 * what the documentation calls them.
 */

const DURATION = /^\d+(\.\d+)?\s*(ms|s|m|h|d|w)$/;
const LONGEST_MS = 366 * 24 * 60 * 60 * 1000;

interface Range {
  from?: number;
  to?: number;
}

/**
 * `500ms`, `5s`, `10m`, `14d`: a number and its unit, in milliseconds once parsed. A number alone is refused, since
 * one cannot see what it counts.
 * @param from the shortest, `to` the longest duration taken; milliseconds
 */
export function duration({ from = 1, to = LONGEST_MS }: Range = {}) {
  return z
    .string('expected a duration such as 500ms, 5s, 10m or 14d')
    .trim()
    .regex(DURATION, 'expected a duration such as 500ms, 5s, 10m or 14d')
    .transform((text) => Math.round(ms(text as ms.StringValue)))
    .refine((value) => value >= from && value <= to, `expected a duration from ${ms(from)} to ${ms(to)}`)
    .meta({ type: 'duration' });
}

/** An IANA time zone that this Node knows. */
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

/** Platforms use it as well. */
export { count } from '../platforms/channel-fields.ts';

export const redisUrl = z.string(REDIS_URL_WANTED).refine(isRedisUrl, REDIS_URL_WANTED).meta({ type: 'URL' });
