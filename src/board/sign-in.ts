import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { clientAddress } from '../http/client-address.ts';
import type { App, AppContext } from '../http/listen.ts';
import { CSRF_FIELD, form, hidden } from './components/forms.ts';
import { type Cookies, csrfToken, isCsrfToken } from './cookies.ts';
import { Refused } from './errors.ts';
import { type Html, html } from './html.ts';
import { page } from './layout.ts';
import { safeNext, to } from './links.ts';
import type { BoardParts } from './parts.ts';
import { readForm } from './read-form.ts';
import { createSignInLimit } from './sign-in-limit.ts';

/** Signing in: by a one-time link, or by an API token. */

const BEGUN_MS = 30 * 60_000;

export function signInRoutes(app: App, cookies: Cookies, parts: BoardParts): void {
  const { backend, sessionMs, tokenUser } = parts;
  const limit = createSignInLimit(parts.clock);
  const tried = <T>(c: AppContext, find: () => Promise<T | undefined>): Promise<T | undefined> =>
    limit.run(clientAddress(c.env.incoming, parts.trustedProxies), find);

  /** The secret of a sign-in in progress, from which its form's token is derived. */
  function begun(c: Context): string {
    const known = cookies.read(c, 'sign_in');
    if (known !== undefined) return known;
    const secret = randomBytes(32).toString('base64url');
    cookies.write(c, 'sign_in', secret, BEGUN_MS);
    return secret;
  }

  async function fieldsOf(c: AppContext): Promise<(name: string) => string> {
    const field = await readForm(c);
    const secret = cookies.read(c, 'sign_in');
    if (secret === undefined || !isCsrfToken(field(CSRF_FIELD), secret))
      throw new Refused(403, 'This form is too old. Open it again.');
    return field;
  }

  function enter(c: Context, session: string, next: string): Response {
    cookies.write(c, 'session', session, sessionMs);
    cookies.drop(c, 'sign_in');
    return c.redirect(next, 303);
  }

  const show = (c: Context, inside: (csrf: string) => Html, status: 200 | 401 = 200) =>
    c.html(page({ title: 'Sign in', main: inside(csrfToken(begun(c))) }), status);

  app.get(to.signIn, (c) => show(c, (csrf) => tokenForm(csrf, safeNext(c.req.query('next')))));
  // The form uses the link up, not a program that previews the address.
  app.get(to.link, (c) => show(c, (csrf) => linkForm(csrf, c.req.query('secret') ?? '')));
  app.post(to.link, async (c) => {
    const field = await fieldsOf(c);
    const session = await tried(c, () => backend.access.redeemLink(field('secret'), sessionMs));
    if (session !== undefined) return enter(c, session, to.now);
    return show(
      c,
      (csrf) =>
        tokenForm(csrf, to.now, 'This link was used already, or has expired. Have another one printed.'),
      401,
    );
  });
  app.post(to.signIn, async (c) => {
    const field = await fieldsOf(c);
    const next = safeNext(field('next'));
    const user = await tried(c, () => tokenUser(field('token').trim()));
    if (user) return enter(c, await backend.access.signIn(user, sessionMs), next);
    return show(c, (csrf) => tokenForm(csrf, next, 'This token does not open the board.'), 401);
  });
}

const tokenForm = (csrf: string, next: string, problem?: string): Html => html`<section class="sign-in">
  <h1>Sign in</h1>
  ${problem !== undefined && html`<p class="problem-text" role="alert">${problem}</p>`}
  <p>Have a link printed by <code>herald board link</code> and open it, or give an API token of scope <code>read</code> or <code>operate</code>.</p>
  ${form(
    { action: to.signIn, csrf },
    [
      hidden({ next }),
      html`<label class="field"><span>API token</span><input type="password" name="token" autocomplete="off" required maxlength="512"></label>`,
      html`<button class="primary">Sign in</button>`,
    ],
    'stack',
  )}
</section>`;

const linkForm = (csrf: string, secret: string): Html => html`<section class="sign-in">
  <h1>Sign in</h1>
  <p>This link signs you in once, in this browser.</p>
  ${form({ action: to.link, csrf }, [hidden({ secret }), html`<button class="primary">Sign in</button>`], 'stack')}
</section>`;
