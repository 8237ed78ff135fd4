import { z } from 'zod';
import { isRedisUrl, REDIS_URL_WANTED } from '../redis/url.ts';

/**
 * The kinds of values that a configuration is written in. Whole values may come out of the environment as text. `type` is
 * what the documentation calls them.
 */

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

/** Others use them as well. */
export { count } from '../platforms/channel-fields.ts';
export { duration } from '../time.ts';

export const redisUrl = z.string(REDIS_URL_WANTED).refine(isRedisUrl, REDIS_URL_WANTED).meta({ type: 'URL' });
