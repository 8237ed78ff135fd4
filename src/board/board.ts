import { Hono } from 'hono';
import type { BoardUser } from '../admin/board-access.ts';
import type { Desk } from '../admin/desk.ts';
import type { Clock } from '../clock.ts';
import type { App } from '../http/listen.ts';
import { createAnswers } from './answers.ts';
import { findAsset } from './assets.ts';
import { createCookies } from './cookies.ts';
import { securityHeaders } from './headers.ts';
import { BASE, to } from './links.ts';
import { checkOrigin } from './origin.ts';
import { orders, screens } from './routes.ts';
import { signInRoutes } from './sign-in.ts';

/** The board as a web application. */

export interface BoardParts {
  desk: Desk;
  /** Whether people reach it by https. */
  secure: boolean;
  /** As `clientAddress` takes it. */
  trustedProxies: number;
  /** How long somebody stays signed in, milliseconds. */
  sessionMs: number;
  /** How long Redis may take to say who asks, milliseconds: the connection itself gives up a frozen one after half a minute only. */
  timeoutMs: number;
  /** Who bears an API token; undefined for what is none, or may not see the board. */
  tokenUser(token: string): Promise<BoardUser | undefined>;
  /** A user as of now: of a token of the configuration, what that says of it today; undefined where it has none such any more. */
  presentUser(user: BoardUser): BoardUser | undefined;
  clock: Pick<Clock, 'monotonic'>;
  /** Told of what was not expected. */
  onError(error: unknown): void;
  /** Ends the streams of those who watch. */
  closing: AbortSignal;
}

/** Assets are named after their content. */
const FOREVER = 'public, max-age=31536000, immutable';

export function createBoard(parts: BoardParts): App {
  const app: App = new Hono();
  const cookies = createCookies(parts.secure);
  const answers = createAnswers(cookies, parts);
  app.use(securityHeaders(parts.secure));
  for (const path of ['/', `${BASE}/`]) app.get(path, (c) => c.redirect(BASE));
  app.get(`${BASE}/assets/:name`, (c) => {
    const asset = findAsset(c.req.param('name'));
    if (!asset) return c.notFound();
    return c.body(asset.body, 200, { 'content-type': asset.type, 'cache-control': FOREVER });
  });
  app.post(`${BASE}/*`, checkOrigin);
  signInRoutes(app, cookies, parts);
  app.post(to.signOut, answers.signOut);
  for (const [path, draw] of screens) app.get(path, (c) => answers.show(c, draw));
  for (const [path, obey] of orders) app.post(path, (c) => answers.carryOut(c, obey));
  app.notFound(answers.notFound);
  app.onError(answers.failed);
  return app;
}
