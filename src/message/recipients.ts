import { z } from 'zod';
import { oncePer } from '../once-per.ts';
import type { PlatformDefinition, Recipient } from '../platforms/port.ts';
import { check, objectsOf } from './check.ts';
import type { Problem } from './problems.ts';

const recipientSchema = oncePer((definition: PlatformDefinition) =>
  z.compile(z.strictObject({ to: definition.messageShape['to']! as z.ZodType })),
);

/** Parses a `to` without a message, in the shape of the platform's messages. */
export function recipientOf(definition: PlatformDefinition, to: unknown): Recipient | Problem[] {
  const checked = check(recipientSchema(definition), { to });
  return 'problems' in checked ? checked.problems : definition.recipient(checked.data);
}

/** The fields that a `to` of the platform may have, each with the schemas of its value. */
export function recipientFields({
  messageShape,
}: PlatformDefinition): ReadonlyMap<string, readonly z.ZodType[]> {
  const fields = new Map<string, z.ZodType[]>();
  for (const { shape } of objectsOf(messageShape['to']!))
    for (const [name, schema] of Object.entries(shape)) {
      const known = fields.get(name);
      if (known) known.push(schema as z.ZodType);
      else fields.set(name, [schema as z.ZodType]);
    }
  return fields;
}
