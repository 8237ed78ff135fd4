import { z } from 'zod';
import { platforms } from '../platforms/registry.ts';
import { createMessageSchemas } from './message.ts';

/**
 * The wire contract as JSON Schema (draft 2020-12), generated from the schema that the workers check with. What it
 * cannot say is said in the descriptions: sizes in bytes, and that `expiresAt` lies after `sendAt`.
 */
export function messageJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(createMessageSchemas(platforms).wire, { io: 'input' });
  return {
    $schema,
    title: 'Herald message, version 1',
    description:
      'Data of a BullMQ job named "message", in the queue "{<channel>}" (braces included) under the prefix "herald".',
    ...schema,
  };
}
