import { Hono } from 'hono';
import type { App } from '../http/listen.ts';
import { findAsset } from './assets.ts';
import { createCookies } from './cookies.ts';
import { securityHeaders } from './headers.ts';
import { BASE, to } from './links.ts';
import { checkOrigin } from './origin.ts';
import type { BoardParts } from './parts.ts';
import { createRequestHandlers } from './request-handlers.ts';
import { actions, screens } from './routes.ts';
import { signInRoutes } from './sign-in.ts';

/** The board as a web application. */

/** Assets never change, since their names contain a hash of their content. */
const FOREVER = 'public, max-age=31536000, immutable';

export function createBoard(parts: BoardParts): App {
  const app: App = new Hono();
  const cookies = createCookies(parts.secure);
  const handlers = createRequestHandlers(cookies, parts);
  app.use(securityHeaders(parts.secure));
  for (const path of ['/', `${BASE}/`]) app.get(path, (c) => c.redirect(BASE));
  app.get(`${BASE}/assets/:name`, (c) => {
    const asset = findAsset(c.req.param('name'));
    if (!asset) return c.notFound();
    return c.body(asset.body, 200, { 'content-type': asset.type, 'cache-control': FOREVER });
  });
  app.post(`${BASE}/*`, checkOrigin);
  signInRoutes(app, cookies, parts);
  app.post(to.signOut, handlers.signOut);
  for (const [path, draw] of screens) app.get(path, (c) => handlers.show(c, draw));
  for (const [path, act] of actions) app.post(path, (c) => handlers.submit(c, act));
  app.notFound(handlers.notFound);
  app.onError(handlers.failed);
  return app;
}
