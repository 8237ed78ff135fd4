import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { describeField } from '../../build/docs/sources.ts';
import { apiRoutes } from '../../src/api/api.ts';
import { openApiDocument } from '../../src/api/openapi.ts';
import { type Asking, apiFixture } from './api-fixture.ts';
import { published } from './contract.ts';

const api = apiFixture();

it('is as it is made: run `npm run schema` after a change of a route', () => {
  const made = openApiDocument(apiRoutes({} as never), describeField);
  expect(JSON.parse(JSON.stringify(made))).toEqual(published);
});

it('is valid OpenAPI 3.1, by its public schema', async () => {
  const text = readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8');
  expect(await new Validator().validate(JSON.parse(text))).toEqual({ valid: true });
});

/** Where in the document a parameter or a property of a schema has no description. */
function undescribed(value: unknown, path: string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { parameters = [], properties = {} } = value as { parameters?: Named[]; properties?: object };
  const named = [
    ...parameters.map((each): [string, Named] => [String(each.name), each]),
    ...Object.entries(properties as Record<string, Named>),
  ];
  const own = named.filter(([, { description = '' }]) => description.length < 5).map(([name]) => name);
  // What an `if` compares is described where the schema has it.
  const inner = Object.entries(value).filter(([key]) => key !== 'if');
  return [
    ...own.map((name) => [...path, name].join(' ')),
    ...inner.flatMap(([key, each]) => undescribed(each, [...path, key])),
  ];
}

interface Named {
  name?: string;
  description?: string;
}

it('describes every parameter, and every property of its schemas', () => {
  expect(undescribed(published)).toEqual([]);
  const bare = { schema: { properties: { id: { type: 'string' } } }, parameters: [{ name: 'limit' }] };
  expect(undescribed(bare)).toEqual(['limit', 'schema id']);
});

it('is served to whoever asks', async () => {
  const { status, body } = await api.ask('/openapi.json', { token: undefined });
  expect([status, body]).toEqual([200, published]);
});

const operations = Object.entries(published.paths)
  .flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  )
  .filter(({ path }) => path.startsWith('/v1/'));

describe.each(operations)('$method $path', ({ method, path }) => {
  const ask = async (more: Asking & { url?: string }) =>
    (await api.ask(path.replace(/\{\w+\}/g, 'some'), { method, ...more })).status;
  const operation = published.paths[path]![method.toLowerCase()]!;
  const takesJson = operation.requestBody?.content['application/json'] !== undefined;

  it('answers as the document says where it is refused for its token', async () => {
    const token = await api.issue({ scopes: [] as never });
    const { url } = await api.open({ rate: { max: 1, per: '1h' } });
    expect([
      await ask({ token: undefined }),
      await ask({ token }),
      await ask({ token, url }),
      await ask({ token, url }),
    ]).toEqual([401, 403, 403, 429]);
  });

  it.runIf(takesJson)('answers as the document says where its body cannot be read', async () => {
    const large = ' '.repeat(1024 * 1024 + 1);
    expect([
      await ask({ body: '{' }),
      await ask({ body: large }),
      await ask({ body: 'a', headers: { 'content-type': 'text/csv' } }),
      await ask({ body: '[]' }),
    ]).toEqual([400, 413, 415, 422]);
  });

  it('answers as the document says while Redis is away', async () => {
    const { url } = await api.open({}, 'redis://127.0.0.1:1');
    expect(await ask({ url })).toBe(503);
  });
});
