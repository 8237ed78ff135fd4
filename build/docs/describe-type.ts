import { z } from 'zod';

/** A zod schema in words: what a person may write for a field. */

type Schema = z.core.$ZodType;

/** The definition, told apart by `type`. */
export const definitionOf = (schema: Schema) => (schema as z.core.$ZodTypes)._zod.def;

/** The schema of what is written, without what is done about an absent value and after parsing. */
export function written(schema: Schema): Schema {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
    case 'readonly':
      return written(def.innerType);
    case 'pipe':
      return written(def.in);
    default:
      return schema;
  }
}

/** The name that a schema goes by in the documentation: `.meta({ type: 'duration' })`. */
export function namedType(schema: Schema): string | undefined {
  const named = z.globalRegistry.get(schema)?.['type'];
  if (typeof named === 'string') return named;
  const def = definitionOf(schema);
  if (def.type === 'pipe') return namedType(def.in);
  return 'innerType' in def ? namedType(def.innerType) : undefined;
}

export const code = (value: unknown): string =>
  `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

export function describeType(schema: Schema): string {
  const named = namedType(schema);
  if (named !== undefined) return named;
  const plain = written(schema);
  const def = definitionOf(plain);
  switch (def.type) {
    case 'string':
      return STRING_FORMATS[formatOf(def) ?? ''] ?? 'text';
    case 'number':
      return formatOf(def) === 'safeint' ? 'whole number' : 'number';
    case 'boolean':
      return '`true` or `false`';
    case 'literal':
      return def.values.map(code).join(' or ');
    case 'enum':
      return Object.values(def.entries).map(code).join(', ');
    case 'array':
      return `list of ${describeType(def.element)}`;
    case 'record':
      return 'object';
    case 'object':
      return describeObject(def.shape);
    case 'union':
      return [...new Set(def.options.map(describeType))].join(' or ');
    default:
      return 'any';
  }
}

const STRING_FORMATS: Readonly<Record<string, string>> = {
  datetime: 'ISO instant',
  email: 'e-mail address',
  url: 'URL',
};

const formatOf = (def: object): string | undefined =>
  'format' in def && typeof def.format === 'string' ? def.format : undefined;

function describeObject(shape: Readonly<Record<string, Schema>>): string {
  const fields = Object.entries(shape).map(
    ([name, field]) => `${name}${definitionOf(field).type === 'optional' ? '?' : ''}`,
  );
  return `\`{ ${fields.join(', ')} }\``;
}
