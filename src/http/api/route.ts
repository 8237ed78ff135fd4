import type { z } from 'zod';
import type { Access, Scope } from '../../tokens/scopes.ts';
import type { ApiProblem, ProblemCode } from './problem.ts';

/** A route: what it does, and what is said of it. The OpenAPI document is made of these, so that the two cannot differ. */

export type Method = 'get' | 'post' | 'patch' | 'delete';

/** A schema of the API: zod, or the name of one that `components.schemas` has (`Message`). */
export type Schema = z.ZodType | { readonly component: string };

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPE = 'application/x-ndjson';

export interface MediaSpec {
  /** Of the body; of one line or event, where it is a stream of them. */
  schema: Schema;
  example?: unknown;
}

export interface AnswerSpec {
  description: string;
  /** By media type; none for an answer without a body. */
  content?: Readonly<Record<string, MediaSpec>>;
  /** Beside those that every answer may have. */
  headers?: Readonly<Record<string, string>>;
}

export interface HeaderSpec {
  name: string;
  description: string;
  schema: Schema;
}

/** What a route says of itself. */
export interface RouteSpec<P extends z.ZodObject, Q extends z.ZodObject> {
  method: Method;
  /** With parameters in braces: `/v1/messages/{id}`. */
  path: string;
  /** In camel case: what generated clients call it. */
  operationId: string;
  summary: string;
  description?: string;
  /** What a token has to be for; `public` without one. */
  scope: Scope | 'public';
  params?: P;
  query?: Q;
  headers?: readonly HeaderSpec[];
  /** By media type; a request of another one is answered with 415. */
  body?: Readonly<Record<string, MediaSpec>>;
  answers: Readonly<Record<number, AnswerSpec>>;
  /** Beside those that every route may be answered with. */
  problems?: readonly ProblemCode[];
}

export interface ApiRequest<P = unknown, Q = unknown> {
  access: Access;
  params: P;
  query: Q;
  /** The media type of the body, one of the route's; undefined without a body. */
  media: string | undefined;
  header(name: string): string | undefined;
  /** The body of up to `MAX_BODY_BYTES`. @throws ApiProblem for one that is longer, too slow, or no UTF-8 */
  text(): Promise<string>;
  /** The same parsed. @throws ApiProblem also for what is no JSON */
  json(): Promise<unknown>;
  /** The body as it comes, however long; ends with an error when the connection does. */
  chunks(): AsyncIterable<Uint8Array>;
  /** What an error is answered with, where it does not end the request; one that nobody expects is logged. */
  problemOf(error: unknown): ApiProblem;
  /**
   * For what lasts: asks whether the token is still valid, at most once a second.
   * @throws ApiProblem where it is not
   */
  stillValid(): Promise<void>;
  /** Aborted when the client has gone. */
  gone: AbortSignal;
  /** Aborted when the process stops: a stream then ends by itself, soon. */
  draining: AbortSignal;
}

/** Expected failures are thrown as `ApiProblem`s (`problem(…)`), those of producers and admins as they are. */
export type Answer =
  | { status: number; headers?: Readonly<Record<string, string>>; body: unknown }
  | {
      status: number;
      headers?: Readonly<Record<string, string>>;
      /** Written as it comes, and not faster than the client reads. */
      stream: AsyncIterable<string>;
      type: string;
    };

type Unchecked = z.ZodObject<Record<never, never>>;

export interface Route extends RouteSpec<z.ZodObject, z.ZodObject> {
  handle(request: ApiRequest): Promise<Answer>;
}

/** Types the handler by the parameters that the route describes. */
export function defineRoute<P extends z.ZodObject = Unchecked, Q extends z.ZodObject = Unchecked>(
  route: RouteSpec<P, Q> & { handle(request: ApiRequest<z.output<P>, z.output<Q>>): Promise<Answer> },
): Route {
  return route as unknown as Route;
}
