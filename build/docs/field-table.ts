import ms from 'ms';
import type { z } from 'zod';
import { code, definitionOf, describeType, namedType, written } from './describe-type.ts';
import type { FindComment } from './field-comments.ts';
import { markdownTable } from './markdown-table.ts';

/** Tables of the fields of a schema. */

type Schema = z.core.$ZodType;
type Shape = Readonly<Record<string, Schema>>;

interface Field {
  path: string;
  schema: Schema;
}

/** The settings of a configuration: an object's own fields follow it, as `quota.max`. */
export function settingsTable(shape: Shape, comment: FindComment, prefix?: string): string {
  const rows = Object.entries(shape)
    .flatMap(([name, schema]) => flatten({ path: name, schema }))
    .map(({ path, schema }) => [
      `\`${path}\``,
      isObject(schema) ? '' : describeType(schema),
      isObject(schema) ? '' : describeDefault(schema),
      meaningOf(path, comment, prefix),
    ]);
  return markdownTable(['setting', 'type', 'default', 'meaning'], rows);
}

/** The fields of a message: an object stands as it is written, in one row. */
export function fieldsTable(shape: Shape, comment: FindComment, prefix?: string): string {
  const rows = Object.entries(shape).map(([name, schema]) => [
    `\`${name}\``,
    describeType(schema),
    isOptional(schema) ? '' : 'yes',
    meaningOf(name, comment, prefix),
  ]);
  return markdownTable(['field', 'type', 'required', 'meaning'], rows);
}

/** @throws Error for a field that nothing is said of */
function meaningOf(path: string, comment: FindComment, prefix: string | undefined): string {
  const whole = prefix === undefined ? path : `${prefix}.${path}`;
  const text = comment(whole);
  if (text === undefined) throw new Error(`Field ${whole} has no comment above it`);
  return text;
}

function flatten(field: Field): Field[] {
  const shape = shapeOf(field.schema);
  if (shape === undefined) return [field];
  const inner = Object.entries(shape).flatMap(([name, schema]) =>
    flatten({ path: `${field.path}.${name}`, schema }),
  );
  return [field, ...inner];
}

/**
 * The fields of an object, also where something else than an object may be written: `false`, `true`. A type with a name is
 * described elsewhere.
 */
function shapeOf(schema: Schema): Shape | undefined {
  if (namedType(schema) !== undefined) return undefined;
  const def = definitionOf(written(schema));
  if (def.type === 'object') return def.shape;
  return def.type === 'union' ? def.options.map(shapeOf).find((shape) => shape !== undefined) : undefined;
}

const isObject = (schema: Schema): boolean => shapeOf(schema) !== undefined;

function isOptional(schema: Schema): boolean {
  return schema._zod.optin === 'optional';
}

function describeDefault(schema: Schema): string {
  const value = defaultOf(schema);
  if (value === undefined) return isOptional(schema) ? '' : 'required';
  if (Array.isArray(value)) return value.map(code).join(', ');
  const isDuration = typeof value === 'number' && describeType(schema).includes('duration');
  return code(isDuration ? ms(value) : value);
}

function defaultOf(schema: Schema): unknown {
  const def = definitionOf(schema);
  if (def.type === 'default' || def.type === 'prefault') return def.defaultValue;
  if (def.type === 'pipe') return defaultOf(def.in);
  return 'innerType' in def ? defaultOf(def.innerType) : undefined;
}
