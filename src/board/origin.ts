import type { MiddlewareHandler } from 'hono';
import { Refused } from './errors.ts';

/**
 * Refuses forms that come from another site according to the browser, in addition to the token that each form has. Browsers send the
 * origin `null` under a no-referrer policy, as here.
 */
export const checkOrigin: MiddlewareHandler = async (c, next) => {
  const origin = c.req.header('origin');
  const site = c.req.header('sec-fetch-site');
  const isForeign = origin !== undefined && origin !== 'null' && hostOf(origin) !== c.req.header('host');
  if (isForeign || (site !== undefined && site !== 'same-origin'))
    throw new Refused(403, 'This form was sent from another site.');
  await next();
};

const hostOf = (origin: string): string | undefined =>
  URL.canParse(origin) ? new URL(origin).host : undefined;
