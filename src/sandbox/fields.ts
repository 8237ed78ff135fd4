import type { Exchange } from './request-handler.ts';

/** What comes in a request, read without trust in its shape. */

/** The body is not what its content type says. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
}

/**
 * The fields of a form or of JSON, by the content type; none where there is no body.
 * @throws BodyError for what is not JSON
 */
export async function fieldsOf({ req }: Exchange): Promise<Record<string, unknown>> {
  const text = await req.text();
  if (text === '') return {};
  if (/^application\/x-www-form-urlencoded\b/.test(req.header('content-type') ?? ''))
    return Object.fromEntries(new URLSearchParams(text));
  const value = parsedJson(text);
  if (value === undefined) throw new BodyError('The body is not valid JSON');
  return asFields(value);
}

export function asFields(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is nothing that a platform would take.
    return undefined;
  }
}
