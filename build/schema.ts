import { writeFileSync } from 'node:fs';
import { apiRoutes } from '../src/api/api.ts';
import { openApiDocument } from '../src/api/openapi.ts';
import { messageJsonSchema } from '../src/message/json-schema.ts';
import { describeField } from './docs/sources.ts';

/** Writes what programs in other languages read: the wire contract of jobs, and the document of the HTTP API. */
function write(name: string, document: unknown): void {
  writeFileSync(new URL(`../${name}`, import.meta.url), `${JSON.stringify(document, null, 2)}\n`);
}

write('message.schema.json', messageJsonSchema(describeField));
// Routes are described without what they work with.
write('openapi.json', openApiDocument(apiRoutes({} as never), describeField));
