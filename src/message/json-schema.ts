import { z } from 'zod';
import { platforms } from '../platforms/registry.ts';
import { MAX_DATA_DEPTH } from './fields.ts';
import { messageSchemasOf } from './schema.ts';

type JsonSchema = { [keyword: string]: unknown };

/** Returns the description of a field of a platform's messages; undefined if it has none. */
export type DescribeField = (platform: string, field: string) => string | undefined;

/**
 * The wire contract as JSON Schema (draft 2020-12), generated from the schema that workers validate with. The descriptions
 * state what JSON Schema cannot express: sizes in bytes, and that `expiresAt` is later than `sendAt`.
 */
export function messageJsonSchema(describe: DescribeField): JsonSchema {
  const { oneOf } = z.toJSONSchema(messageSchemasOf(platforms).wire, { io: 'output' }) as {
    oneOf: ObjectSchema[];
  };
  const byPlatform = oneOf.map(
    (schema) => [schema.properties['platform']?.['const'] as string, schema] as const,
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:herald:message:1',
    title: 'Herald message, version 1',
    description:
      'Data of a BullMQ job named "message", in the queue "{<channel>}" (braces included) under the prefix "herald".',
    type: 'object',
    required: ['platform'],
    properties: {
      platform: {
        description: 'The platform of its channel: selects the shape of the rest.',
        enum: byPlatform.map(([name]) => name),
      },
    },
    // One branch per platform, selected by name: a validator then reports the errors of one branch, not of all four.
    allOf: byPlatform.map(([name]) => ({
      if: { required: ['platform'], properties: { platform: { const: name } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/$defs/${name}` },
    })),
    $defs: {
      ...Object.fromEntries(
        byPlatform.map(([name, schema]) => [
          name,
          described(clearer(schema), (field) => describe(name, field)),
        ]),
      ),
      ...dataLevels(),
    },
  };
}

type ObjectSchema = JsonSchema & { properties: Record<string, JsonSchema> };

function described(schema: ObjectSchema, describe: (field: string) => string | undefined): ObjectSchema {
  const properties = Object.entries(schema.properties).map(([name, property]) => {
    const description = describe(name);
    return [name, { ...(description !== undefined && { description }), ...property }] as const;
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

/** Rewrites the schema to an equivalent one for which validators report clearer errors. */
function clearer(schema: ObjectSchema): ObjectSchema {
  const { to, data: _unbounded, ...properties } = schema.properties;
  return {
    ...schema,
    properties: {
      ...properties,
      to: alternatives(to as JsonSchema),
      data: { $ref: '#/$defs/data1' },
    },
  };
}

/** Merges a union of objects with one field each into one object with exactly one of these fields. */
function alternatives(schema: JsonSchema): JsonSchema {
  const branches = schema['anyOf'] as { properties: Record<string, JsonSchema> }[] | undefined;
  if (!branches?.every(({ properties }) => Object.keys(properties).length === 1)) return schema;
  return {
    type: 'object',
    properties: Object.assign({}, ...branches.map(({ properties }) => properties)),
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  };
}

/** Definitions of nested values, down to the maximum depth of `data`: the values of `data1` may be `data2`, and so on. */
function dataLevels(): Record<string, JsonSchema> {
  const levels = Array.from({ length: MAX_DATA_DEPTH }, (_, i) => {
    const level = i + 1;
    const values = { $ref: `#/$defs/value${level + 1}` };
    const object = { type: 'object', additionalProperties: values };
    return [
      [`data${level}`, object],
      [`value${level + 1}`, valueAt(level + 1)],
    ] as [string, JsonSchema][];
  });
  return Object.fromEntries(levels.flat());
}

const SCALARS = ['string', 'number', 'boolean', 'null'];

function valueAt(level: number): JsonSchema {
  if (level > MAX_DATA_DEPTH) return { type: SCALARS };
  const inner = { $ref: `#/$defs/value${level + 1}` };
  return { type: [...SCALARS, 'object', 'array'], additionalProperties: inner, items: inner };
}
