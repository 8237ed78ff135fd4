import { expect, it } from 'vitest';
import { z } from 'zod';
import { findPlatform, PLATFORM_NAMES } from '../../src/platforms/registry.ts';

it.each(PLATFORM_NAMES)('%s is found by its own name', (name) => {
  expect(findPlatform(name)?.name).toBe(name);
});

it.each(['', 'constructor', 'Kongregate'])('%o is no platform', (name) => {
  expect(findPlatform(name)).toBeUndefined();
});

it.each(PLATFORM_NAMES)('%s describes its messages as JSON Schema and names its secrets', (name) => {
  const definition = findPlatform(name);
  expect(z.toJSONSchema(z.object(definition?.messageShape ?? {}))).toHaveProperty('properties.to');
  expect(definition?.secrets.length).toBeGreaterThan(0);
  for (const secret of definition?.secrets ?? []) expect(definition?.channelShape).toHaveProperty(secret);
});
