import { z } from 'zod';
import type { Problem as FieldProblem } from '../message/problems.ts';

/** Error responses, `application/problem+json` (RFC 9457): the only place that names their kinds. */

interface ProblemKind {
  status: number;
  title: string;
}

/** By code, which is stable across versions. Codes of one status differ in what a client should do. */
export const PROBLEMS = {
  bad_request: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'A valid token is required' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'The path has no such method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'The state does not allow this' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is of another type than expected' },
  invalid: { status: 422, title: 'Some fields are not as they should be' },
  unknown_channel: { status: 422, title: 'The channel is unknown' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key came with another body' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'An error of the server' },
  unavailable: { status: 503, title: 'Not possible at present' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

const codes = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

export const problemSchema = z.object({
  type: z.string().describe('`urn:herald:problem:<code>`'),
  title: z.string().describe('The kind of problem, for people.'),
  status: z.int().describe('The status of the answer; in a stream, that of an answer to the line alone.'),
  code: z.enum(codes).describe('The kind of problem, for programs: it does not change.'),
  detail: z.string().describe('What is wrong with this request, for people.'),
  errors: z
    .array(
      z.object({
        pointer: z
          .string()
          .describe('JSON Pointer (RFC 6901) into the body, or the line; empty for it as a whole.'),
        detail: z.string().describe('What is expected there, and what was found.'),
      }),
    )
    .optional()
    .describe('The fields that are wrong.'),
});

export type ProblemBody = z.output<typeof problemSchema>;
export type PointedProblem = NonNullable<ProblemBody['errors']>[number];

const typeOf = (code: ProblemCode): string => `urn:herald:problem:${code}`;

export function problemBody(code: ProblemCode, detail: string, errors?: PointedProblem[]): ProblemBody {
  const { status, title } = PROBLEMS[code];
  return { type: typeOf(code), title, status, code, detail, ...(errors && { errors }) };
}

/** An expected failure of a request, thrown wherever it is detected; the router turns it into the answer. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly body: ProblemBody;
  readonly headers: Readonly<Record<string, string>>;
  constructor(body: ProblemBody, headers: Readonly<Record<string, string>> = {}) {
    super(body.detail);
    this.body = body;
    this.headers = headers;
  }
}

export const problem = (
  code: ProblemCode,
  detail: string,
  { errors, headers }: { errors?: PointedProblem[]; headers?: Readonly<Record<string, string>> } = {},
): ApiProblem => new ApiProblem(problemBody(code, detail, errors), headers);

/** The most fields that an answer names; more would not help. */
const MAX_ERRORS = 20;

/** The problems of an input, with JSON Pointers in place of dotted paths. */
export const pointedProblems = (problems: readonly FieldProblem[]): PointedProblem[] =>
  problems.slice(0, MAX_ERRORS).map(({ path, message }) => ({ pointer: pointerOf(path), detail: message }));

/** A name in a dotted path: bare, or quoted as JSON if it has other characters. */
const NAME = /"(?:[^"\\]|\\.)*"|[^.]+/g;

/** The JSON Pointer for a dotted path. It ends before a truncated name (very long ones are), and so points to the object. */
export function pointerOf(path: string): string {
  const names = (path.match(NAME) ?? []).map((name) =>
    name.startsWith('"') ? (JSON.parse(name) as string) : name,
  );
  const known = names.findIndex((name) => name.endsWith('…'));
  return names
    .slice(0, known < 0 ? names.length : known)
    .map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
