import { z } from 'zod';
import { type DescribeField, messageJsonSchema } from '../message/json-schema.ts';
import { SCOPES } from '../tokens/scopes.ts';
import { PROBLEMS, type ProblemCode, problemSchema } from './problem.ts';
import { PROBLEM_TYPE } from './respond.ts';
import type { AnswerSpec, MediaSpec, Route, Schema } from './route.ts';

/** The OpenAPI 3.1 document, made of the routes and of the schemas that their bodies are checked with. */

type Json = { [key: string]: unknown };

/** Of the API, not of Herald: the number in its paths. */
const VERSION = '1';

export function openApiDocument(routes: readonly Route[], describe: DescribeField): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Herald HTTP API',
      version: VERSION,
      description: 'Messages to people on the platforms where they play, talk or buy. See docs/http.md.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      { url: 'http://127.0.0.1:9470', description: 'Where it listens unless http.api says otherwise.' },
    ],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: `A token of \`herald token create\`, of one or several scopes: ${SCOPES.join(', ')}.`,
        },
      },
      headers: HEADERS,
      schemas: { ...messageSchemas(describe), Problem: jsonSchema(problemSchema) },
    },
  };
}

function operation(route: Route): Json {
  const { scope } = route;
  const parameters = [
    ...parametersOf('path', route.params),
    ...parametersOf('query', route.query),
    ...(route.headers ?? []).map(({ name, description, schema }) => ({
      ...{ in: 'header', name, description, required: false },
      schema: jsonSchema(schema),
    })),
  ];
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    ...(scope === 'public' ? { security: [] } : { security: [{ token: [scope] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: { required: true, content: contentOf(route.body) } }),
    responses: { ...successes(route), ...failures(route) },
  };
}

function parametersOf(where: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const { description, ...rest } = jsonSchema(field as z.ZodType);
    const required = (field as z.ZodType)._zod.optin !== 'optional';
    return { in: where, name, ...(description !== undefined && { description }), required, schema: rest };
  });
}

const contentOf = (media: Readonly<Record<string, MediaSpec>>): Json =>
  Object.fromEntries(
    Object.entries(media).map(([type, { schema, example }]) => [
      type,
      { schema: jsonSchema(schema), ...(example !== undefined && { example }) },
    ]),
  );

const successes = ({ answers, scope }: Route): Json =>
  Object.fromEntries(
    Object.entries<AnswerSpec>(answers).map(([status, { description, content }]) => [
      status,
      { description, headers: headersOf(scope), ...(content && { content: contentOf(content) }) },
    ]),
  );

/** By status: one that stands for several kinds tells them apart by `code`. */
function failures(route: Route): Json {
  const all = problemsOf(route);
  const statuses = [...new Set(all.map((code) => PROBLEMS[code].status))];
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: all
          .filter((code) => PROBLEMS[code].status === status)
          .map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`)
          .join(' '),
        headers: {
          ...headersOf(route.scope, status),
          ...(RETRIED.includes(status) && { 'Retry-After': RETRY_AFTER }),
        },
        content: { [PROBLEM_TYPE]: { schema: { $ref: PROBLEM } } },
      },
    ]),
  );
}

/** What any route may be answered with, beside its own. */
const OF_EVERY: readonly ProblemCode[] = ['internal', 'unavailable'];
const OF_TOKENS: readonly ProblemCode[] = ['unauthorized', 'forbidden', 'rate_limited'];
const OF_BODIES: readonly ProblemCode[] = [
  'bad_request',
  'request_timeout',
  'too_large',
  'unsupported_media_type',
];

/** Every problem that a route may be answered with, by status. */
export function problemsOf({ scope, body, params, query, headers, problems = [] }: Route): ProblemCode[] {
  const all = new Set<ProblemCode>([
    ...problems,
    ...OF_EVERY,
    ...(scope === 'public' ? [] : OF_TOKENS),
    ...(body ? OF_BODIES : []),
    ...(params || query || headers ? (['bad_request'] as const) : []),
  ]);
  return [...all].sort((a, b) => PROBLEMS[a].status - PROBLEMS[b].status);
}

const RETRIED = [429, 503];
const reference = (name: string): Json => ({ $ref: `#/components/headers/${name}` });
const RETRY_AFTER = reference('Retry-After');

/** A request whose token is not known, or cannot be asked for, counts for none. */
const headersOf = (scope: Route['scope'], status = 200): Json =>
  scope === 'public' || status === 401 || status === 503
    ? {}
    : { RateLimit: reference('RateLimit'), 'RateLimit-Policy': reference('RateLimit-Policy') };

const HEADERS = {
  RateLimit: {
    description: 'Requests left to the token in this process (`r`), and the seconds until all are (`t`).',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'Requests that a token may make (`q`), and in how many seconds (`w`).',
    schema: { type: 'string' },
  },
  'Retry-After': {
    description: 'Seconds after which the request may be repeated.',
    schema: { type: 'string' },
  },
};

function jsonSchema(schema: Schema): Json {
  if ('component' in schema) return { $ref: `#/components/schemas/${schema.component}` };
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'output', override: simplified });
  return rest;
}

interface Written {
  zodSchema: z.core.$ZodType;
  jsonSchema: Json;
  path: readonly PropertyKey[];
}

/** A problem within something else is named and not repeated, and an integer is any. */
function simplified({ zodSchema, jsonSchema, path }: Written): void {
  if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
  const isProblem = zodSchema instanceof z.ZodObject && zodSchema.shape === problemSchema.shape;
  if (!isProblem || path.length === 0) return;
  for (const key of Object.keys(jsonSchema)) if (key !== 'description') delete jsonSchema[key];
  jsonSchema['$ref'] = PROBLEM;
}

const PROBLEM = '#/components/schemas/Problem';

/** The message without the version that jobs have; what it defines for itself is a component here. */
function messageSchemas(describe: DescribeField): Json {
  const { $schema: _, $id: __, $defs, ...schema } = messageJsonSchema(describe);
  const own = { ...schema, title: 'Message', description: 'A message; its fields follow from its platform.' };
  const defined = Object.entries($defs as Record<string, Json>).map(([name, part]) => [
    `Message_${name}`,
    withoutVersion(part),
  ]);
  const text = JSON.stringify({ Message: own, ...Object.fromEntries(defined) });
  return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/Message_')) as Json;
}

function withoutVersion(schema: Json): Json {
  const { properties, required, ...rest } = schema;
  if (!Array.isArray(required)) return schema;
  const { v: _, campaign: __, ...fields } = properties as Json;
  return { ...rest, properties: fields, required: required.filter((name) => name !== 'v') };
}
