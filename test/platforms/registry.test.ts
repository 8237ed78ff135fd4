import { expect, it } from 'vitest';
import { z } from 'zod';
import { platforms } from '../../src/platforms/registry.ts';

const registered = Object.entries(platforms);

it.each(registered)('%s bears its own name', (name, definition) => {
  expect(definition.name).toBe(name);
});

it.each(registered)('%s describes its messages as JSON Schema and names its secrets', (_, definition) => {
  expect(z.toJSONSchema(z.object(definition.messageShape))).toHaveProperty('properties.to');
  expect(definition.secrets.length).toBeGreaterThan(0);
  for (const secret of definition.secrets) expect(definition.channelShape).toHaveProperty(secret);
});
