import { createRequire } from 'node:module';
import { z } from 'zod';
import { defineRoute, JSON_TYPE, type Route } from './route.ts';

/** The document as it is published with the package: `npm run schema` makes it of the routes. */
const published = (): unknown => createRequire(import.meta.url)('herald/openapi.json');

const document = z.looseObject({ openapi: z.string().describe('The version of OpenAPI, 3.1.') });

export const openApiRoute = (): Route =>
  defineRoute({
    method: 'get',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This document',
    scope: 'public',
    answers: {
      200: {
        description: 'OpenAPI 3.1.',
        content: { [JSON_TYPE]: { schema: document } },
      },
    },
    handle: async () => ({ status: 200, body: published() }),
  });
