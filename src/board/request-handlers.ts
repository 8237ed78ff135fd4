import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { BoardUser } from '../admin/board-access.ts';
import type { AppContext } from '../http/listen.ts';
import { RedisUnreachableError } from '../redis/connection-errors.ts';
import { withTimeout } from '../timeout.ts';
import { CSRF_FIELD } from './components/forms.ts';
import { type Cookies, csrfToken, isCsrfToken } from './cookies.ts';
import { Refused } from './errors.ts';
import { failureOf, failureScreen } from './failure.ts';
import { page } from './layout.ts';
import { safeNext, to } from './links.ts';
import { createWatching } from './live.ts';
import { noticeOf } from './notices.ts';
import type { BoardParts } from './parts.ts';
import { readForm } from './read-form.ts';
import type { Draw, FormAction, Screen, Submission, Visit } from './screen.ts';
import { mayOperate, viewOf } from './view.ts';

/** Shows screens and submits forms: authenticates the user, checks the form and the role, and draws the result. */
export interface RequestHandlers {
  show(c: Context, draw: Draw): Promise<Response>;
  submit(c: AppContext, act: FormAction): Promise<Response>;
  signOut(c: AppContext): Promise<Response>;
  notFound(c: Context): Promise<Response>;
  failed(error: unknown, c: Context): Promise<Response>;
}

interface SignedIn {
  user: BoardUser;
  secret: string;
}

const away = (): Promise<never> => Promise.reject(new RedisUnreachableError('no answer in time'));

export function createRequestHandlers(
  cookies: Cookies,
  { backend, timeoutMs, presentUser, onError, closing }: BoardParts,
): RequestHandlers {
  const watching = createWatching(closing, onError);

  async function whoIs(c: Context): Promise<SignedIn | undefined> {
    const secret = cookies.read(c, 'session');
    if (secret === undefined) return undefined;
    const known = await withTimeout(backend.access.userOf(secret), timeoutMs, away);
    const user = known && presentUser(known);
    return user && { user, secret };
  }

  const visitOf = async (c: Context, { user, secret }: SignedIn): Promise<Visit> => ({
    view: viewOf(backend, user),
    now: await backend.now(),
    csrf: csrfToken(secret),
    param: (name) => c.req.param(name) ?? '',
    query: (name) => c.req.query(name) || undefined,
  });

  const whole = (
    c: Context,
    screen: Screen,
    { user, secret }: SignedIn,
    status: ContentfulStatusCode = 200,
  ) => {
    const notice = noticeOf(c.req.query('done'), c.req.query('count'));
    return c.html(page(screen, { user, csrf: csrfToken(secret), notice }), status);
  };

  const toSignIn = (c: Context): Response => {
    const { pathname, search } = new URL(c.req.url);
    const next = safeNext(c.req.method === 'GET' ? `${pathname}${search}` : undefined);
    return c.redirect(next === to.now ? to.signIn : `${to.signIn}?${new URLSearchParams({ next })}`, 303);
  };

  async function submissionOf(c: AppContext, signedIn: SignedIn): Promise<Submission> {
    const fields = await readForm(c);
    const field = (name: string): string | undefined => fields(name) || undefined;
    if (!isCsrfToken(field(CSRF_FIELD), signedIn.secret))
      throw new Refused(403, 'This form is not from your present session. Open its page again.');
    return { ...(await visitOf(c, signedIn)), field };
  }

  return {
    async show(c, draw) {
      const signedIn = await whoIs(c);
      const watches = c.req.header('accept') === 'text/event-stream';
      if (!signedIn) return watches ? c.body(null, 204) : toSignIn(c);
      const again = async (): Promise<Screen | undefined> => {
        const still = await whoIs(c);
        const screen = still && (await draw(await visitOf(c, still)));
        return screen && 'main' in screen ? screen : undefined;
      };
      if (watches) return watching.stream(c, again);
      const screen = await draw(await visitOf(c, signedIn));
      return 'goTo' in screen ? c.redirect(screen.goTo, 303) : whole(c, screen, signedIn);
    },
    async submit(c, act) {
      const signedIn = await whoIs(c);
      if (!signedIn) return toSignIn(c);
      const order = await submissionOf(c, signedIn);
      if (!mayOperate(signedIn.user))
        throw new Refused(403, 'You may look at everything here, and change nothing.');
      const then = await act(order);
      if (typeof then === 'string') return c.redirect(then, 303);
      // Without updates: its address is that of a form.
      return whole(c, { ...then, refreshMs: undefined }, signedIn, 422);
    },
    async signOut(c) {
      const signedIn = await whoIs(c);
      if (signedIn) {
        await submissionOf(c, signedIn);
        await backend.access.signOut(signedIn.secret);
      }
      cookies.drop(c, 'session');
      return c.redirect(to.signIn, 303);
    },
    async notFound(c) {
      const signedIn = await whoIs(c);
      if (!signedIn) return toSignIn(c);
      return whole(c, failureScreen('Not found', 'There is no such screen.'), signedIn, 404);
    },
    async failed(error, c) {
      const { status, screen, expected } = failureOf(error);
      // A client that leaves while it sends its form is no error of the board.
      if (!expected && !c.req.raw.signal.aborted) onError(error);
      // While Redis is away the user is unknown, and trying again would take seconds.
      const isAway = error instanceof RedisUnreachableError;
      const signedIn = isAway ? undefined : await whoIs(c).catch(() => undefined);
      return signedIn ? whole(c, screen, signedIn, status) : c.html(page(screen), status);
    },
  };
}
