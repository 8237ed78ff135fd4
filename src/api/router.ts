import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { App } from '../http/listen.ts';
import { check } from '../message/check.ts';
import { problemsText } from '../message/problems.ts';
import type { Logger } from '../observe/log.ts';
import { InterruptedError } from '../producer/errors.ts';
import type { Access } from '../tokens/scopes.ts';
import type { Verify } from '../tokens/verify.ts';
import { authenticate, checkScope, reauthenticate } from './authenticate.ts';
import { parseJson, readText } from './body.ts';
import { type ApiProblem, problem } from './problem.ts';
import { problemOfError, stopping } from './problem-of-error.ts';
import type { RateVerdict } from './rate-limit.ts';
import { respond } from './respond.ts';
import type { Answer, Route } from './route.ts';

/** Makes an application of routes. What holds for every route is decided here: authentication, limits, checks of the input, errors. */

export interface RouterParts {
  verify: Verify;
  limit(token: string): RateVerdict;
  /** Aborted when the process stops. */
  draining: AbortSignal;
  logger: Pick<Logger, 'error'>;
  clock: Pick<Clock, 'monotonic'>;
  /** Called for each answer, when its headers are known. @param route `POST /v1/messages`; `other` for what is no route */
  observe(route: string, status: number, seconds: number): void;
}

type Ctx = Context<{ Bindings: { incoming: IncomingMessage; outgoing: ServerResponse } }>;
type Headers = Record<string, string>;

/** The access of a public route, and of a request that is not authenticated yet. */
const ANYONE: Access = { id: '', name: '', scopes: [], channels: [] };
const OTHER = 'other';

export function createRouter(routes: readonly Route[], parts: RouterParts): App {
  const app: App = new Hono();
  const serve =
    (name: string, act: (c: Ctx, headers: Headers) => Promise<Answer>) =>
    async (c: Ctx): Promise<Response> => {
      const startedAt = parts.clock.monotonic();
      const headers: Headers = {};
      const unnamed = (error: unknown) => problemOf(error, { access: ANYONE, route: name }, parts);
      const answer = await act(c, headers).catch((error: unknown) => answerOf(unnamed(error)));
      const { outgoing } = c.env;
      const response = respond(answer, headers, {
        outgoing,
        onError: (error) => void unnamed(error),
      });
      parts.observe(name, response.status, (parts.clock.monotonic() - startedAt) / 1000);
      return response;
    };
  for (const route of routes) {
    const name = nameOf(route);
    app.on(
      route.method.toUpperCase(),
      pattern(route.path),
      serve(name, (c, headers) => handle(route, c, headers, parts)),
    );
  }
  for (const path of new Set(routes.map((route) => route.path)))
    app.all(
      pattern(path),
      serve(OTHER, async () => notAllowed(path, routes)),
    );
  app.notFound(
    serve(OTHER, async () => {
      throw problem('not_found', 'there is no such path; see /openapi.json');
    }),
  );
  return app;
}

const nameOf = ({ method, path }: Route): string => `${method.toUpperCase()} ${path}`;
const pattern = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

function notAllowed(path: string, routes: readonly Route[]): never {
  const methods = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
  throw problem('method_not_allowed', `the path has ${methods.join(', ')}`, {
    headers: { allow: methods.join(', ') },
  });
}

/** Unknown parameters are refused: a misspelt `dryRun` would otherwise not be a dry run. */
const NO_QUERY = z.strictObject({});

/** @param headers those of the answer, whatever it is */
async function handle(route: Route, c: Ctx, headers: Headers, parts: RouterParts): Promise<Answer> {
  if (parts.draining.aborted) throw stopping();
  const gone = new AbortController();
  // Before anything is waited for: a client that leaves meanwhile closes it only once.
  c.env.outgoing.on('close', () => gone.abort());
  const access = await admit(route, c, headers, parts);
  const { incoming } = c.env;
  const text = (): Promise<string> => readText(incoming);
  const problemFor = (error: unknown): ApiProblem =>
    problemOf(error, { access, route: nameOf(route) }, parts);
  const answer = route.handle({
    access,
    params: checked(route.params, c.req.param(), 'path'),
    query: checked(route.query ?? NO_QUERY, c.req.query(), 'query'),
    media: mediaOf(route, incoming),
    header: (name) => c.req.header(name),
    text,
    json: async () => parseJson(await text()),
    chunks: () => incoming,
    problemOf: problemFor,
    stillValid:
      route.scope === 'public'
        ? async () => {}
        : reauthenticate(c.req.header('authorization'), parts.verify, parts.clock),
    gone: gone.signal,
    draining: parts.draining,
  });
  return await answer.catch((error: unknown) => {
    throw problemFor(error);
  });
}

async function admit(
  route: Route,
  c: Ctx,
  headers: Headers,
  { verify, limit }: RouterParts,
): Promise<Access> {
  if (route.scope === 'public') return ANYONE;
  const access = await authenticate(c.req.header('authorization'), verify);
  const verdict = limit(access.id);
  Object.assign(headers, verdict.headers);
  if (!verdict.allowed) throw problem('rate_limited', 'this token makes too many requests');
  checkScope(access, route.scope);
  return access;
}

function checked(schema: Route['query'], input: unknown, where: string): unknown {
  if (!schema) return {};
  const result = check(schema, input);
  if ('problems' in result) throw problem('bad_request', `${where}: ${problemsText(result.problems)}`);
  return result.data;
}

/** @throws ApiProblem 415 */
function mediaOf({ body }: Route, { headers }: IncomingMessage): string | undefined {
  if (!body) return undefined;
  const types = Object.keys(body);
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding !== 'identity')
    throw unsupported('a body without Content-Encoding', { 'accept-encoding': 'identity' });
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (types.includes(type)) return type;
  throw unsupported(`Content-Type ${types.join(' or ')}`, { accept: types.join(', ') });
}

const unsupported = (wanted: string, headers: Headers): ApiProblem =>
  problem('unsupported_media_type', `expected ${wanted}`, { headers });

/** What interrupted a stream of inputs is what its client is told. */
function problemOf(
  thrown: unknown,
  { access, route }: { access: Access; route: string },
  { logger }: RouterParts,
): ApiProblem {
  const error = thrown instanceof InterruptedError ? thrown.cause : thrown;
  const expected = problemOfError(error, access);
  if (expected) return expected;
  logger.error(
    { route, error: error instanceof Error ? error.message : String(error) },
    'api request failed',
  );
  return problem('internal', 'see the log of the server');
}

const answerOf = ({ body, headers }: ApiProblem): Answer => ({
  status: body.status,
  headers: { ...headers },
  body,
});
