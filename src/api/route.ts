import type { z } from 'zod';
import type { Access, Scope } from '../tokens/scopes.ts';
import type { ApiProblem, ProblemCode } from './problem.ts';

/** A route: its behaviour and its description. The OpenAPI document is generated from these, so that the two cannot differ. */

export type Method = 'get' | 'post' | 'patch' | 'delete';

/** A schema of the API: zod, or the name of one that `components.schemas` has (`Message`). */
export type Schema = z.ZodType | { readonly component: string };

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPE = 'application/x-ndjson';

export interface MediaSpec {
  /** Of the body; in a stream, of one line or event. */
  schema: Schema;
  example?: unknown;
}

export interface AnswerSpec {
  description: string;
  /** By media type; none for an answer without a body. */
  content?: Readonly<Record<string, MediaSpec>>;
  /** Besides those that every answer may have. */
  headers?: Readonly<Record<string, string>>;
}

export interface HeaderSpec {
  name: string;
  description: string;
  schema: Schema;
}

/** The description of a route. */
export interface RouteSpec<P extends z.ZodObject, Q extends z.ZodObject> {
  method: Method;
  /** With parameters in braces: `/v1/messages/{id}`. */
  path: string;
  /** In camel case: the name of the call in generated clients. */
  operationId: string;
  summary: string;
  description?: string;
  /** The scope that a token must have; `public`: no token is needed. */
  scope: Scope | 'public';
  params?: P;
  query?: Q;
  headers?: readonly HeaderSpec[];
  /** By media type; a request of any other is answered with 415. */
  body?: Readonly<Record<string, MediaSpec>>;
  answers: Readonly<Record<number, AnswerSpec>>;
  /** Besides those that every route may answer with. */
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
  /** The body as it arrives, however long; fails when the connection ends within it. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The problem that an error is answered with, for errors that do not end the request; an unexpected one is logged. */
  problemOf(error: unknown): ApiProblem;
  /**
   * For long requests: checks that the token is still valid, at most once a second.
   * @throws ApiProblem if it is not
   */
  stillValid(): Promise<void>;
  /** Aborted when the client has gone. */
  gone: AbortSignal;
  /** Aborted when the process stops: a stream then ends by itself, soon. */
  draining: AbortSignal;
}

/** Expected failures are thrown: an `ApiProblem` (`problem(…)`), or the error of a producer or admin as it is. */
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

/** Types the handler's parameters by the route's schemas. */
export function defineRoute<P extends z.ZodObject = Unchecked, Q extends z.ZodObject = Unchecked>(
  route: RouteSpec<P, Q> & { handle(request: ApiRequest<z.output<P>, z.output<Q>>): Promise<Answer> },
): Route {
  return route as unknown as Route;
}
