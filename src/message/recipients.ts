import { z } from 'zod';
import type { PlatformDefinition, Recipient } from '../platforms/port.ts';
import { type Problem, toProblems } from './problems.ts';

/** Made once a platform: a schema costs a hundred times what it checks. */
const recipientSchemas = new WeakMap<PlatformDefinition, z.ZodType<{ to: unknown }>>();

function recipientSchema(definition: PlatformDefinition): z.ZodType<{ to: unknown }> {
  const made = recipientSchemas.get(definition);
  if (made) return made;
  const schema = z.strictObject({ to: definition.messageShape['to']! as z.ZodType });
  recipientSchemas.set(definition, schema);
  return schema;
}

/** Whom a `to` without a message names, in the shape of the platform's messages. */
export function recipientOf(definition: PlatformDefinition, to: unknown): Recipient | Problem[] {
  const parsed = recipientSchema(definition).safeParse({ to });
  return parsed.success
    ? definition.recipient(parsed.data)
    : toProblems(parsed.error.issues, { to }, () => true);
}
