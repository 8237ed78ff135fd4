import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** Holds answers against the published OpenAPI document. */

interface Operation {
  requestBody?: { content: Record<string, unknown> };
  responses: Record<string, { headers: Record<string, unknown>; content?: Record<string, unknown> }>;
}

export const published = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
};

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ ...published, $id: 'api' });

const compiled = new Map<string, ValidateFunction>();

function validator(...path: string[]): ValidateFunction {
  const pointer = path
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const known = compiled.get(pointer) ?? ajv.compile({ $ref: `api#/${pointer}` });
  compiled.set(pointer, known);
  return known;
}

export interface Heard {
  method: string;
  path: string;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** `post /v1/messages 202`, for each answer that was held against the document. */
export const heard = new Set<string>();

/** @returns what the document does not say of this answer */
export function differences({ method, path, status, headers, text }: Heard): string[] {
  const route = Object.keys(published.paths).find((pattern) =>
    new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0]!),
  );
  const operation = route === undefined ? undefined : published.paths[route]![method.toLowerCase()];
  const type = String(headers['content-type'] ?? '');
  if (route === undefined || !operation)
    return invalid(validator('components', 'schemas', 'Problem'), JSON.parse(text));
  const answer = operation.responses[status];
  if (!answer) return [`${method} ${route} has no answer ${status}: ${text}`];
  heard.add(`${method.toLowerCase()} ${route} ${status}`);
  const missing = Object.keys(answer.headers).filter((name) => headers[name.toLowerCase()] === undefined);
  if (!answer.content?.[type]) return [`${method} ${route} ${status} is not ${type}`];
  const schema = [
    'paths',
    route,
    method.toLowerCase(),
    'responses',
    String(status),
    'content',
    type,
    'schema',
  ];
  const bodies = type === 'application/x-ndjson' ? text.split('\n').filter(Boolean) : [text];
  return [
    ...missing.map((name) => `no header ${name}`),
    ...bodies.flatMap((body) => invalid(validator(...schema), JSON.parse(body))),
  ];
}

const invalid = (validate: ValidateFunction, value: unknown): string[] =>
  validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
