import { writeFileSync } from 'node:fs';
import { messageJsonSchema } from '../src/message/json-schema.ts';
import { describeField } from './docs/sources.ts';

/** Writes message.schema.json, the wire contract for producers in other languages. */
const target = new URL('../message.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(messageJsonSchema(describeField), null, 2)}\n`);
