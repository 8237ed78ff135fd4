import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { BASE } from './links.ts';

/** The cookies of a session and of a sign-in; the token in each form is derived from their secrets. */
export interface Cookies {
  /** The secret of the session, or of the sign-in in progress. */
  read(c: Context, which: Which): string | undefined;
  write(c: Context, which: Which, secret: string, lifeMs: number): void;
  drop(c: Context, which: Which): void;
}

type Which = 'session' | 'sign_in';

/** @param secure whether people reach the board by https: its cookies are then sent by https only */
export function createCookies(secure: boolean): Cookies {
  const nameOf = (which: Which): string => `${secure ? '__Secure-' : ''}herald_${which}`;
  const options = { path: BASE, httpOnly: true, sameSite: 'Strict', secure } as const;
  return {
    read: (c, which) => getCookie(c, nameOf(which)),
    write: (c, which, secret, lifeMs) =>
      setCookie(c, nameOf(which), secret, { ...options, maxAge: Math.floor(lifeMs / 1000) }),
    drop: (c, which) => void deleteCookie(c, nameOf(which), options),
  };
}

/** The token of a form: other sites cannot know it, since they do not know the secret. */
export const csrfToken = (secret: string): string =>
  createHmac('sha256', secret).update('herald board form').digest('base64url');

export function isCsrfToken(token: string | undefined, secret: string): boolean {
  const [given, wanted] = [Buffer.from(token ?? ''), Buffer.from(csrfToken(secret))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
